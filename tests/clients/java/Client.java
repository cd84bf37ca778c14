// A department's system in Java, with Java's own library only: states a fact and waits
// for its outcome, asks questions, follows the ledger and goes on after a break.
//
//   DUBAN_TOKEN=duban_... java Client.java http://127.0.0.1:8310 qu-fagaiju P-1
//
// Java has no JSON in its library; a program of yours has one. The few texts that are
// needed here are cut out by a pattern.

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

public class Client {
    static final String TENANT = "changqing";

    final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    final String base;
    final String token = System.getenv("DUBAN_TOKEN");

    Client(String server) {
        base = server + "/v1/" + TENANT + "/";
    }

    public static void main(String[] arguments) throws Exception {
        new Client(arguments[0]).run(arguments[1], arguments[2]);
    }

    void run(String unit, String number) throws Exception {
        long last = Long.parseLong(first("\"ledgerSeq\":(\\d+)", ask("status")));
        String posted = state(unit, "decision.made", String.format(
            "{\"unit\": \"%s\", \"decisionNumber\": \"%s\", \"category\": \"penalty\", \"decidedOn\": \"2026-03-02\"}",
            unit, number));
        String caseId = first("\"case\":\"([^\"]*)\"", posted);

        // Reads one entry of the case, hangs up, and goes on where it was: none is missed
        // and none comes twice.
        List<String> seen = new ArrayList<>();
        while (!seen.contains("deadline.set")) {
            Entry entry = next(last, caseId);
            last = entry.place;
            seen.add(entry.type);
        }

        String overdue = ask("overdue?workflow=double-publicity&limit=100");
        String found = ask("cases/" + path(caseId));
        HttpResponse<String> none = http.send(to("cases/double-publicity/none").build(), BodyHandlers.ofString());
        check(none.statusCode() == 404, none.body());

        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        out.println("{\"outcome\": " + quoted(seen.get(0))
            + ", \"overdue\": " + list(all("\\{\"case\":\"([^\"]*)\",\"workflow\"", overdue))
            + ", \"case\": " + quoted(first("\"case\":\"([^\"]*)\"", found))
            + ", \"due\": " + quoted(first("\"due\":\\{\"zh\":\"([^\"]*)\"", found))
            + ", \"light\": " + quoted(first("\"light\":\"([^\"]*)\"", found))
            + ", \"missing\": " + quoted(first("\"rule\":\"([^\"]*)\"", none.body()))
            + ", \"followed\": " + list(seen) + "}");
    }

    /** A question. */
    String ask(String route) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(to(route).build(), BodyHandlers.ofString());
        check(answer.statusCode() == 200, answer.body());
        return answer.body();
    }

    /**
     * States a fact and waits until it is decided. 422 is a refusal with rule, field and
     * value. Sending again with the same id is safe: a repeat is recognised for ever.
     */
    String state(String unit, String kind, String data) throws IOException, InterruptedException {
        String fact = String.format(
            "{\"specversion\": \"1.0\", \"id\": \"%s\", \"source\": \"/%s/%s\", \"type\": \"%s\", \"actor\": \"%s\", \"data\": %s}",
            UUID.randomUUID(), TENANT, unit, kind, unit, data);
        HttpRequest request = to("events?wait=20s")
            .header("content-type", "application/cloudevents+json")
            .POST(HttpRequest.BodyPublishers.ofString(fact))
            .build();
        HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
        check(answer.statusCode() == 200, answer.body());
        return answer.body();
    }

    /** An entry of the ledger. */
    static class Entry {
        long place;
        String type;
    }

    /**
     * The next entry about a case after a place, by server-sent events. An event's id is
     * its place on the ledger; Last-Event-ID says after which one to go on.
     */
    Entry next(long after, String caseId) throws IOException, InterruptedException {
        HttpRequest request = to("stream").header("last-event-id", Long.toString(after)).build();
        HttpResponse<Stream<String>> stream = http.send(request, BodyHandlers.ofLines());
        check(stream.statusCode() == 200, "the stream is not given");
        // Closing the lines hangs up.
        try (Stream<String> lines = stream.body()) {
            Entry entry = new Entry();
            for (Iterator<String> each = lines.iterator(); each.hasNext(); ) {
                String line = each.next();
                if (line.startsWith("id: ")) {
                    entry.place = Long.parseLong(line.substring(4));
                } else if (line.startsWith("data: ") && line.contains("\"subject\":\"" + caseId + "\"")) {
                    entry.type = first("\"type\":\"([^\"]*)\"", line);
                    return entry;
                }
            }
        }
        throw new IOException("the stream has ended");
    }

    HttpRequest.Builder to(String route) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + route)).timeout(Duration.ofSeconds(60));
        return token == null ? request : request.header("authorization", "Bearer " + token);
    }

    static String path(String text) {
        return Stream.of(text.split("/"))
            .map(part -> URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20"))
            .collect(Collectors.joining("/"));
    }

    static List<String> all(String pattern, String text) {
        return Pattern.compile(pattern).matcher(text).results().map(found -> found.group(1)).collect(Collectors.toList());
    }

    static String first(String pattern, String text) {
        Matcher found = Pattern.compile(pattern).matcher(text);
        check(found.find(), "no " + pattern + " in " + text);
        return found.group(1);
    }

    static String quoted(String text) {
        return "\"" + text + "\"";
    }

    static String list(List<String> texts) {
        return texts.stream().map(Client::quoted).collect(Collectors.joining(", ", "[", "]"));
    }

    static void check(boolean holds, String otherwise) {
        if (!holds) throw new IllegalStateException(otherwise);
    }
}
