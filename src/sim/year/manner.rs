//! How a unit keeps its dates, and what that makes of a date.

use crate::sim::random::Random;

/// How a unit keeps its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// It does what it owes in good time.
    Punctual,
    /// It waits for the last day, and sometimes beyond it.
    Late,
    /// It is often late, and leaves some things undone.
    Negligent,
    /// It leaves out what would show, and reports the rest in time.
    Concealing,
}

/// When something is done that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// After so many thousandths of the time that there is.
    Within(u64),
    /// So many working days after the due date.
    After(i32),
    /// Never.
    Never,
}

impl Manner {
    /// The manner of one unit, drawn.
    pub const fn draw(random: &mut Random) -> Self {
        match random.below(100) {
            0..70 => Self::Punctual,
            70..87 => Self::Late,
            87..96 => Self::Negligent,
            _ => Self::Concealing,
        }
    }

    /// When a unit of this manner does what is due.
    pub fn when(self, random: &mut Random) -> When {
        let chance = random.below(1_000);
        let (late, never, (from, to), most_days) = match self {
            Self::Punctual => (15, 0, (200, 900), 2),
            Self::Late => (300, 10, (600, 980), 6),
            Self::Negligent => (450, 120, (700, 990), 25),
            Self::Concealing => (100, 250, (300, 950), 10),
        };
        if chance < late {
            return When::After(1 + i32::try_from(random.below(most_days)).unwrap_or(0));
        }
        if chance < late + never {
            return When::Never;
        }
        When::Within(from + random.below(to - from))
    }

    /// Whether a unit of this manner keeps a matter to itself that it should state.
    pub const fn conceals(self, random: &mut Random) -> bool {
        match self {
            Self::Punctual | Self::Late => false,
            Self::Negligent => random.happens(50),
            Self::Concealing => random.happens(350),
        }
    }

    /// A word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Punctual => "punctual",
            Self::Late => "late",
            Self::Negligent => "negligent",
            Self::Concealing => "concealing",
        }
    }
}
