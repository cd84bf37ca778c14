//! `duban delivery`: what waits to be delivered, what was given up, sending it again.

use serde_json::{Value, json};

use super::shown::{PageArgs, given, moment, said, show, word};
use crate::calendar::Lang;
use crate::cli::client::Client;
use crate::cli::exit::{Ended, Exit, Failure, OrExit as _};
use crate::cli::output::{Output, Table};
use crate::id::{CaseId, Name, Seq, UnitId};
use crate::time::Instant;

/// Looks after what is delivered.
#[derive(Debug, clap::Subcommand)]
pub enum DeliveryCommand {
    /// Counts what waits and what was given up, and lists what waits
    Status(ListArgs),
    /// Lists dead letters: what could not be delivered, and why
    Dead(ListArgs),
    /// Has dead letters sent again, one or all that fit
    Replay(ReplayArgs),
    /// Shows a message as it would go out about a case; nothing is sent
    Preview(PreviewArgs),
}

/// Which deliveries.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Those through this channel
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<Name>,
    /// Those to this unit
    #[arg(long, value_name = "UNIT")]
    unit: Option<UnitId>,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    client: Client,
}

/// Which dead letters, and whether they are only counted.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// One, by the ledger entry that raised it; give --unit and --channel, too
    #[arg(long, value_name = "SEQ", requires = "unit", requires = "channel")]
    reminder: Option<u64>,
    /// Those through this channel
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<Name>,
    /// Those to this unit
    #[arg(long, value_name = "UNIT")]
    unit: Option<UnitId>,
    /// Only counts them
    #[arg(long)]
    dry_run: bool,
    /// How many they are, as --dry-run counted them; another number sends nothing
    #[arg(long, value_name = "N", conflicts_with = "reminder")]
    expect: Option<u64>,
    #[command(flatten)]
    client: Client,
}

/// Which message is looked at; what is left out is chosen.
#[derive(Debug, clap::Args)]
pub struct PreviewArgs {
    /// The case, such as objection/YY-2026-035
    case: CaseId,
    /// The clock that it is about; the first that is open without it
    #[arg(long, value_name = "CLOCK")]
    clock: Option<Name>,
    /// The rung's place in the clock's ladder, from 1; the next one without it
    #[arg(long, value_name = "N")]
    rung: Option<u16>,
    /// The how-manieth time of that rung
    #[arg(long, value_name = "N")]
    nth: Option<u16>,
    /// To this unit, of those that the rung tells
    #[arg(long, value_name = "UNIT")]
    unit: Option<UnitId>,
    /// Through this channel, of those that serve the unit
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<Name>,
    /// In this language: zh or en; the channel's without it
    #[arg(long, value_name = "LANG")]
    language: Option<String>,
    /// As it would be made at this instant
    #[arg(long, value_name = "INSTANT")]
    at: Option<Instant>,
    /// Which of its forms: text, markdown or html
    #[arg(long, value_enum, default_value_t = Form::Text)]
    form: Form,
    #[command(flatten)]
    client: Client,
}

/// A form of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Plain text, as in an e-mail.
    Text,
    /// As chat robots show it.
    Markdown,
    /// An HTML document, as in an e-mail.
    Html,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the server cannot be asked, or refuses.
pub async fn run(command: &DeliveryCommand) -> Ended {
    match command {
        DeliveryCommand::Status(args) => status(args).await,
        DeliveryCommand::Dead(args) => dead(args).await,
        DeliveryCommand::Replay(args) => replay(args).await,
        DeliveryCommand::Preview(args) => preview(args).await,
    }
}

impl ListArgs {
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = self.page.parameters();
        given(&mut parameters, "channel", self.channel.as_ref());
        given(&mut parameters, "unit", self.unit.as_ref());
        parameters
    }
}

async fn status(args: &ListArgs) -> Ended {
    let answer = args.client.get("deliveries", &args.parameters()).await?;
    let lang = args.client.lang();
    if !args.client.json {
        let mut output = Output::open();
        for line in count_table(&answer["counts"], lang).lines() {
            output.line(line)?;
        }
        output.line("")?;
        output.finish()?;
    }
    show(&args.client, &answer, &letter_table(&answer, lang, false))?;
    Ok(Exit::Done)
}

async fn dead(args: &ListArgs) -> Ended {
    let answer = args.client.get("dead-letters", &args.parameters()).await?;
    show(&args.client, &answer, &letter_table(&answer, args.client.lang(), true))?;
    // A script that watches for dead letters need not read the table.
    let is_empty = answer["rows"].as_array().is_none_or(Vec::is_empty);
    Ok(if is_empty { Exit::Done } else { Exit::Found })
}

async fn replay(args: &ReplayArgs) -> Ended {
    let mut wanted = json!({});
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            wanted[name] = value;
        }
    };
    put("reminder", args.reminder.map(|seq| json!(Seq(seq))));
    put("channel", args.channel.as_ref().map(|it| json!(it)));
    put("unit", args.unit.as_ref().map(|it| json!(it)));
    put("expect", args.expect.map(|it| json!(it)));
    let parameters = [("dryRun", args.dry_run.to_string())];
    let body = serde_json::to_vec(&wanted).or_exit(Exit::Failed)?;
    let answer =
        args.client.post("dead-letters/replay", &parameters, "application/json", body).await?.value()?;
    told(args, &answer)?;
    Ok(Exit::Done)
}

fn told(args: &ReplayArgs, answer: &Value) -> Result<(), Failure> {
    let mut output = Output::open();
    let lang = args.client.lang();
    if args.client.json {
        output.line(serde_json::to_string_pretty(answer)?)?;
    } else if args.dry_run {
        let matched = &answer["matched"];
        output.line(match lang {
            Lang::Zh => format!("符合条件的死信 {matched} 件；未重发。确认后加 --expect {matched} 重发"),
            Lang::En => {
                format!("{matched} dead letters fit; nothing was sent. Send them with --expect {matched}")
            }
        })?;
    } else {
        let replayed = &answer["replayed"];
        output.line(match lang {
            Lang::Zh => format!("已安排重发 {replayed} 件"),
            Lang::En => format!("{replayed} dead letters are sent again"),
        })?;
    }
    output.finish()
}

async fn preview(args: &PreviewArgs) -> Ended {
    let mut parameters = vec![("case", args.case.to_string())];
    given(&mut parameters, "clock", args.clock.as_ref());
    given(&mut parameters, "rung", args.rung.as_ref());
    given(&mut parameters, "nth", args.nth.as_ref());
    given(&mut parameters, "unit", args.unit.as_ref());
    given(&mut parameters, "channel", args.channel.as_ref());
    given(&mut parameters, "language", args.language.as_ref());
    given(&mut parameters, "at", args.at.as_ref());
    let answer = args.client.get("deliveries/preview", &parameters).await?;
    let mut output = Output::open();
    if args.client.json {
        output.line(serde_json::to_string_pretty(&answer)?)?;
        output.finish()?;
        return Ok(Exit::Done);
    }
    let lang = args.client.lang();
    let body = match args.form {
        Form::Text => &answer["text"],
        Form::Markdown => &answer["markdown"],
        Form::Html => &answer["html"],
    };
    if args.form != Form::Html {
        for (label, value) in addressed(&answer, lang) {
            output.line(format!("{label}{}{value}", word(lang, "：", ": ")))?;
        }
        output.line("")?;
    }
    output.line(body.as_str().unwrap_or_default().trim_end())?;
    output.finish()?;
    Ok(Exit::Done)
}

/// What stands on the envelope.
fn addressed(answer: &Value, lang: Lang) -> Vec<(&'static str, String)> {
    let channel = match answer["channel"].as_str() {
        Some(channel) => format!("{channel} ({})", said(&answer["via"], lang)),
        None => word(lang, "仅督办台", "the desk only").to_owned(),
    };
    let rung = format!("{} · {}", answer["rung"], said(&answer["words"], lang));
    vec![
        (word(lang, "收件单位", "To"), said(&answer["unit"], lang)),
        (word(lang, "渠道", "Through"), channel),
        (word(lang, "档次", "Rung"), rung),
        (word(lang, "触发", "Raised"), said(&answer["raised"], lang)),
        (word(lang, "发出", "Leaves"), said(&answer["leaves"], lang)),
        (word(lang, "主题", "Subject"), said(&answer["title"], lang)),
    ]
}

fn count_table(counts: &Value, lang: Lang) -> Table {
    let mut table = Table::new(&[
        word(lang, "渠道", "channel"),
        word(lang, "待送达", "pending"),
        word(lang, "死信", "dead"),
    ]);
    let number = |value: &Value| value.as_u64().unwrap_or_default().to_string();
    for row in counts["channels"].as_array().into_iter().flatten() {
        table.row(vec![said(&row["channel"], lang), number(&row["pending"]), number(&row["dead"])]);
    }
    table.row(vec![
        word(lang, "合计", "all").to_owned(),
        number(&counts["pending"]),
        number(&counts["dead"]),
    ]);
    table
}

fn letter_table(answer: &Value, lang: Lang, is_dead: bool) -> Table {
    let mut heads = vec![
        word(lang, "序号", "entry"),
        word(lang, "渠道", "channel"),
        word(lang, "单位", "unit"),
        word(lang, "事项", "case"),
        word(lang, "措施", "act"),
        word(lang, "发出", "raised"),
        word(lang, "截止", "due"),
    ];
    if is_dead {
        heads.extend([
            word(lang, "放弃", "given up"),
            word(lang, "次数", "tries"),
            word(lang, "原因", "why"),
        ]);
    } else {
        heads.push(word(lang, "现状", "stands"));
    }
    let mut table = Table::new(&heads);
    for row in answer["rows"].as_array().into_iter().flatten() {
        let mut cells = vec![
            row["reminder"].to_string(),
            said(&row["channel"], lang),
            said(&row["unit"], lang),
            said(&row["case"], lang),
            said(&row["act"], lang),
            moment(&row["raisedAt"]),
            moment(&row["dueAt"]),
        ];
        if is_dead {
            cells.extend([moment(&row["givenUpAt"]), row["attempts"].to_string(), said(&row["note"], lang)]);
        } else {
            cells.push(said(&row["standing"], lang));
        }
        table.row(cells);
    }
    table
}
