//! The integers that stand for the variants of enums in the database. A code, once given, never
//! changes its meaning, and new variants get new codes. A code that this version does not know is
//! damage, not a default. Those of formats are in the table of formats, [`segue_core::FORMATS`].

use segue_core::{
    DeviceClass, EndReason, FeedbackKind, Moment, Source, StartReason, Timestamp, Version,
};

use crate::{Result, StoreError};

/// A variant of an enum that is stored as an integer.
pub(crate) trait Coded: Sized {
    fn code(self) -> i64;
    fn from_code(code: i64) -> Result<Self>;
}

macro_rules! codes {
    ($type:ident { $($code:literal = $variant:ident),+ $(,)? }) => {
        impl Coded for $type {
            fn code(self) -> i64 {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            fn from_code(code: i64) -> Result<Self> {
                match code {
                    $($code => Ok(Self::$variant),)+
                    _ => Err(StoreError::corrupt(format!(
                        concat!("`{code}` is no code of ", stringify!($type)),
                        code = code
                    ))),
                }
            }
        }
    };
}

codes!(Moment { 0 = Started, 1 = Ended, 2 = Day });
codes!(StartReason {
    0 = Unknown,
    1 = Chosen,
    2 = PreviousFinished,
    3 = SkippedTo,
    4 = WentBack,
    5 = Resumed,
});
codes!(EndReason {
    0 = Unknown,
    1 = Finished,
    2 = SkippedForward,
    3 = SkippedBack,
    4 = ChoseAnother,
    5 = Stopped,
    6 = Logout,
    7 = Crashed,
    8 = Failed,
});
codes!(DeviceClass {
    0 = Unknown,
    1 = Phone,
    2 = Tablet,
    3 = Computer,
    4 = Web,
    5 = Speaker,
    6 = Tv,
    7 = Car,
    8 = Console,
});

impl Coded for Source {
    fn code(self) -> i64 {
        i64::from(self.info().code)
    }

    fn from_code(code: i64) -> Result<Self> {
        let source = u8::try_from(code).ok().and_then(Source::from_code);
        source.ok_or_else(|| StoreError::corrupt(format!("`{code}` is no code of Source")))
    }
}

codes!(FeedbackKind { 1 = Like, 2 = Dislike, 3 = Ban, 4 = Saved, 5 = Cleared });
codes!(Version {
    0 = Original,
    1 = Remaster,
    2 = Live,
    3 = Acoustic,
    4 = Demo,
    5 = Remix,
    6 = Instrumental,
    7 = Edit,
});

/// Microseconds since 1970.
pub(crate) fn to_micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The moment that [`to_micros`] wrote.
pub(crate) fn from_micros(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| StoreError::corrupt(format!("`{micros}` microseconds is no time")))
}

/// What the column of a play's time holds where the play has none: 2000-01-01, before any streaming
/// history. So an undated play comes before every dated one, in pages as in spans of time, and the
/// column needs no index or rule of its own for plays without a date.
const UNDATED: i64 = UNDATED_S as i64 * 1_000_000;

/// The same in seconds since 1970.
pub(crate) const UNDATED_S: u32 = 946_684_800;

/// The time of a play as its column holds it.
pub(crate) fn to_column(at: Option<Timestamp>) -> i64 {
    at.map_or(UNDATED, to_micros)
}

/// The time of a play that [`to_column`] wrote.
pub(crate) fn from_column(micros: i64) -> Result<Option<Timestamp>> {
    (micros != UNDATED).then(|| from_micros(micros)).transpose()
}
