// A department's system in TypeScript: states a fact over NATS, follows the ledger over
// HTTP (server-sent events, with a break in between), and asks over both, which agree.
//
//   npm install && npx tsc
//   DUBAN_TOKEN=duban_… node built/client.js --http http://127.0.0.1:8310 \
//       --nats nats://127.0.0.1:4222 --key changqing.qu-fagaiju.nk --unit qu-fagaiju --number P-1

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { jetstream } from "@nats-io/jetstream";
import { connect, headers, nkeyAuthenticator, type NatsConnection } from "@nats-io/transport-node";

const TENANT = "changqing";

/** An entry of the ledger, which is a CloudEvent. */
interface Entry {
  type: string;
  subject?: string;
  /** The place of the fact that it comes from. */
  cause: string;
}

interface Row {
  case: string;
}

interface Rows {
  rows: Row[];
}

interface Case {
  case: string;
  deadlines: { light: string; due: { zh: string; en: string } }[];
}

/** What duban says instead of an answer: an RFC 9457 document. */
class Problem extends Error {
  constructor(readonly document: { rule: string; detail: string }) {
    super(`${document.rule}: ${document.detail}`);
  }
}

const { values } = parseArgs({
  options: {
    http: { type: "string", default: "http://127.0.0.1:8310" },
    nats: { type: "string", default: "nats://127.0.0.1:4222" },
    unit: { type: "string" },
    number: { type: "string" },
    key: { type: "string" },
  },
});
const { http, nats, unit, number, key } = values;
if (!http || !nats || !unit || !number) throw new Error("give --unit and --number");

const token = process.env["DUBAN_TOKEN"];
const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};

async function open(path: string, more: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  const options: RequestInit = { headers: { ...authorization, ...more } };
  if (signal) options.signal = signal;
  const answer = await fetch(`${http}/v1/${TENANT}/${path}`, options);
  if (!answer.ok) throw new Problem((await answer.json()) as Problem["document"]);
  return answer;
}

const get = async <T>(path: string): Promise<T> => (await (await open(path)).json()) as T;

/**
 * The ledger's entries after a place. An event's id is its place, so that whoever was
 * cut off goes on after the last one it has handled.
 */
async function* follow(after: number): AsyncGenerator<[number, Entry]> {
  const hangUp = new AbortController();
  const stream = await open("stream", { "last-event-id": String(after) }, hangUp.signal);
  if (!stream.body) return;
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const part of stream.body) {
      text += decoder.decode(part, { stream: true });
      let end: number;
      while ((end = text.indexOf("\n\n")) >= 0) {
        const lines = text.slice(0, end).split("\n");
        text = text.slice(end + 2);
        const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const [place, data] = [field("id"), field("data")];
        if (place && data) yield [Number(place), JSON.parse(data) as Entry];
      }
    }
  } finally {
    // Whoever leaves the loop hangs up.
    hangUp.abort();
  }
}

/** The broker lets a user hear its own inbox only, so the client must use that one. */
async function broker(): Promise<NatsConnection> {
  if (!key) return connect({ servers: nats! });
  const seed = (await readFile(key)).toString().trim();
  const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed));
  return connect({ servers: nats!, authenticator, inboxPrefix: `_INBOX_${TENANT}_${unit}` });
}

/** Where each question is asked, as the service itself tells. */
async function discover(connection: NatsConnection): Promise<Map<string, string>> {
  const info = (await connection.request("$SRV.INFO.duban", "", { timeout: 10_000 })).json<{
    endpoints: { name: string; subject: string }[];
  }>();
  return new Map(info.endpoints.map(({ name, subject }) => [name, subject.replace("*", unit!)]));
}

/** Asks over NATS; an error is told by a header, as with all services there. */
async function ask<T>(connection: NatsConnection, subject: string, parameters: object): Promise<T> {
  const answer = await connection.request(subject, JSON.stringify(parameters), { timeout: 30_000 });
  if (answer.headers?.has("Nats-Service-Error-Code")) throw new Problem(answer.json<Problem["document"]>());
  return answer.json<T>();
}

/** States a fact; the acknowledgement, its place, means that it is on disk. */
async function state(connection: NatsConnection, kind: string, data: object): Promise<number> {
  const fact = {
    specversion: "1.0",
    id: randomUUID(),
    source: `/${TENANT}/${unit}`,
    type: kind,
    actor: unit,
    data,
  };
  const cloudEvent = headers();
  cloudEvent.set("content-type", "application/cloudevents+json");
  const subject = `duban.${TENANT}.intake.${unit}.${kind}`;
  return (await jetstream(connection).publish(subject, JSON.stringify(fact), { headers: cloudEvent })).seq;
}

const connection = await broker();
const endpoints = await discover(connection);
const endpoint = (name: string): string => endpoints.get(name) ?? `no service answers ${name}`;

let last = (await get<{ ledgerSeq: number }>("status")).ledgerSeq;
const decision = { unit, decisionNumber: number, category: "penalty", decidedOn: "2026-03-02" };
const place = await state(connection, "decision.made", decision);

// Reads one entry of the case, hangs up, and goes on where it was.
const caseId = `double-publicity/${number}`;
const seen: Entry[] = [];
while (!seen.some((entry) => entry.type === "deadline.set")) {
  for await (const [at, entry] of follow(last)) {
    last = at;
    if (entry.subject === caseId) {
      seen.push(entry);
      break;
    }
  }
}

const question = { workflow: "double-publicity", limit: 100 };
const overdue = await ask<Rows>(connection, endpoint("overdue"), question);
const overHttp = await get<Rows>(`overdue?${new URLSearchParams({ ...question, limit: "100" })}`);
const cases = ({ rows }: Rows) => rows.map((row) => row.case);
if (cases(overdue).join() !== cases(overHttp).join()) throw new Error("two surfaces, two answers");

const found = await ask<Case>(connection, endpoint("case"), { id: caseId });
let missing = "";
try {
  await ask(connection, endpoint("case"), { id: "double-publicity/none" });
} catch (problem) {
  if (!(problem instanceof Problem)) throw problem;
  missing = problem.document.rule;
}

console.log(
  JSON.stringify({
    outcome: seen.find((entry) => Number(entry.cause) === place)?.type,
    overdue: cases(overdue),
    case: found.case,
    due: found.deadlines[0]?.due.zh,
    light: found.deadlines[0]?.light,
    missing,
    followed: seen.map((entry) => entry.type),
  }),
);
await connection.close();
