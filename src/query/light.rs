//! The light of an open deadline at an instant.
//!
//! A pure function of the deadline and the instant; nothing stores a light.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

use super::error::QueryError;
use crate::calendar::Text;
use crate::kernel::row::{Deadline, Status};
use crate::time::Instant;

/// How an open deadline stands, in the order from calm to alarming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Light {
    /// 正常: nothing to do yet.
    OnTrack,
    /// 临期: its last working days.
    DueSoon,
    /// 超期: past due.
    Overdue,
    /// 已升级: past due, and somebody above was told.
    Escalated,
    /// 暂停: it stands still.
    Paused,
}

impl Light {
    /// All lights in order.
    pub const ALL: [Self; 5] = [Self::OnTrack, Self::DueSoon, Self::Overdue, Self::Escalated, Self::Paused];

    /// The light of a deadline at `at`; none when it is met or cancelled.
    ///
    /// The deadline is taken as it stands now: an instant before or after now asks
    /// how what is open today looked or will look then.
    #[must_use]
    pub fn of(deadline: &Deadline, at: Instant) -> Option<Self> {
        match deadline.status {
            Status::Paused { .. } => Some(Self::Paused),
            Status::Running if at >= deadline.overdue_from() => {
                Some(if deadline.level > 0 { Self::Escalated } else { Self::Overdue })
            }
            Status::Running if at >= deadline.term.soon_at => Some(Self::DueSoon),
            Status::Running => Some(Self::OnTrack),
            Status::Met { .. } | Status::Cancelled => None,
        }
    }

    /// The light's name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnTrack => "on-track",
            Self::DueSoon => "due-soon",
            Self::Overdue => "overdue",
            Self::Escalated => "escalated",
            Self::Paused => "paused",
        }
    }

    /// The shape that goes with the colour, for those who cannot tell colours.
    #[must_use]
    pub const fn shape(self) -> char {
        match self {
            Self::OnTrack => '●',
            Self::DueSoon => '▲',
            Self::Overdue => '■',
            Self::Escalated => '◆',
            Self::Paused => '○',
        }
    }

    /// The word that goes with the shape.
    #[must_use]
    pub fn word(self) -> Text {
        let (zh, en) = match self {
            Self::OnTrack => ("正常", "on track"),
            Self::DueSoon => ("临期", "due soon"),
            Self::Overdue => ("超期", "overdue"),
            Self::Escalated => ("已升级", "escalated"),
            Self::Paused => ("暂停", "paused"),
        };
        Text::new(zh, en)
    }

    /// How alarming it is; a pause is less so than anything that runs.
    #[must_use]
    pub const fn alarm(self) -> u8 {
        match self {
            Self::Paused => 0,
            Self::OnTrack => 1,
            Self::DueSoon => 2,
            Self::Overdue => 3,
            Self::Escalated => 4,
        }
    }

    /// Whether it says that the due instant has passed.
    #[must_use]
    pub const fn is_late(self) -> bool {
        matches!(self, Self::Overdue | Self::Escalated)
    }
}

/// The shape of a due date that may still move, beside the light's own.
pub const PROVISIONAL_SHAPE: char = '◌';

/// The word for a due date that may still move.
#[must_use]
pub fn provisional_word() -> Text {
    Text::new("暂定", "provisional")
}

impl FromStr for Light {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        Self::ALL.into_iter().find(|light| light.name() == text).ok_or_else(|| {
            let hint = "give on-track, due-soon, overdue, escalated or paused, several joined by commas";
            QueryError::asked("light", text, hint)
        })
    }
}
