//! What was sent, answered and called for, in sentences.

use super::Teller;
use crate::calendar::Text;
use crate::event::catalogue::{
    Answer, CaseAnswered, DeliveryEnded, DeliveryReplayed, Outcome, ReactionCalled, ReactionCounted,
    ReactionStopped, TOO_DEEP,
};
use crate::query::naming::Named;

impl Teller<'_> {
    pub(super) fn answered(&self, it: &CaseAnswered) -> Text {
        match &it.answer {
            Answer::Acknowledged { clock, .. } => match clock {
                Some(clock) => {
                    let clock = self.clock(clock);
                    Text::new(format!("已签收，期限“{}”", clock.zh), format!("seen, about {}", clock.en))
                }
                None => Text::new("已签收", "seen"),
            },
            Answer::Delegated { person } => {
                Text::new(format!("交由 {person} 承办"), format!("{person} sees to it"))
            }
            Answer::Explained => Text::new("已说明情况", "explained"),
            Answer::HandoverProposed { to } => {
                let to = Named::unit(self.policies, to).title;
                Text::new(
                    format!("征询 {} 是否接收，期限不变", to.zh),
                    format!("{} is asked to take it over; its deadlines stay", to.en),
                )
            }
            Answer::HandoverDeclined { to } => {
                let to = Named::unit(self.policies, to).title;
                Text::new(format!("{} 不予接收", to.zh), format!("{} does not take it over", to.en))
            }
            Answer::HandedOver { from, to } => {
                let (from, to) =
                    (Named::unit(self.policies, from).title, Named::unit(self.policies, to).title);
                Text::new(
                    format!("由 {} 移交 {} 负责", from.zh, to.zh),
                    format!("{} owes it from now on instead of {}", to.en, from.en),
                )
            }
            Answer::ExtensionRequested { clock, until } => {
                let (clock, until) = (self.clock(clock), self.end(*until));
                Text::new(
                    format!("申请将期限“{}”延至 {}", clock.zh, until.zh),
                    format!("asks to have {} until {}", clock.en, until.en),
                )
            }
            Answer::ExtensionRefused { clock } => {
                let clock = self.clock(clock);
                Text::new(
                    format!("期限“{}”不予延期，到期时间不变", clock.zh),
                    format!("{} is not extended and stays as it was", clock.en),
                )
            }
        }
    }

    pub(super) fn delivery(&self, it: &DeliveryEnded) -> Text {
        let unit = Named::unit(self.policies, &it.unit).title;
        let (channel, reminder) = (&it.channel, it.reminder);
        match it.outcome {
            Outcome::Delivered => Text::new(
                format!("已通过 {channel} 送达 {}（账本 #{reminder}）", unit.zh),
                format!("delivered to {} by {channel} (ledger #{reminder})", unit.en),
            ),
            Outcome::Failed => Text::new(
                format!("未能通过 {channel} 送达 {}，共试 {} 次：{}", unit.zh, it.attempts, it.note),
                format!("not delivered to {} by {channel} after {} tries: {}", unit.en, it.attempts, it.note),
            ),
            Outcome::Withdrawn => Text::new(
                format!("事由已消除，不再通过 {channel} 告知 {}", unit.zh),
                format!("what {channel} was to tell {} had ended before it was sent", unit.en),
            ),
        }
    }

    pub(super) fn replayed(&self, it: &DeliveryReplayed) -> Text {
        let unit = Named::unit(self.policies, &it.unit).title;
        Text::new(
            format!("重新通过 {} 告知 {}（第 {} 次重投）", it.channel, unit.zh, it.round),
            format!("to be sent again to {} by {} (round {})", unit.en, it.channel, it.round),
        )
    }

    pub(super) fn counted(it: &ReactionCounted) -> Text {
        Text::new(
            format!("联动“{}”计数：{} 第 {} 次，满 {} 次启动", it.reaction, it.period, it.nth, it.of),
            format!("{}: {} of {} within {}", it.reaction, it.nth, it.of, it.period),
        )
    }

    pub(super) fn called(&self, it: &ReactionCalled) -> Text {
        let kind = self.kind(&it.fact.kind);
        Text::new(
            format!("联动“{}”：自动报送“{}”", it.reaction, kind.zh),
            format!("{}: \"{}\" is stated by itself", it.reaction, kind.en),
        )
    }

    pub(super) fn stopped(it: &ReactionStopped) -> Text {
        let (zh, en) = if it.reason == TOO_DEEP {
            ("层层联动过深", "too many stand behind it")
        } else {
            ("没有单位可以报送", "no unit plays the part")
        };
        Text::new(format!("联动“{}”已停止：{zh}", it.reaction), format!("{} was stopped: {en}", it.reaction))
    }
}
