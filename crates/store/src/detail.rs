//! What a report of a play tells beyond listener, track and time. The rule of duplicates decides by
//! it whether one report can complete another, and the writer then fills in what was missing.

use segue_core::{DeviceClass, EndReason, Listen, StartReason};

/// Which facts a report of a play gives beyond listener, track and time, as a set of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Detail(u16);

impl Detail {
    const PLAY_TIME: u16 = 1;

    /// The facts that a row gives.
    pub(crate) fn of(listen: &Listen) -> Self {
        let told = [
            listen.ms_played.is_some(),
            listen.start_reason != StartReason::Unknown,
            listen.end_reason != EndReason::Unknown,
            listen.skipped.is_some(),
            listen.shuffle.is_some(),
            listen.offline.is_some(),
            listen.private_session,
            listen.device != DeviceClass::Unknown,
            listen.context.is_some(),
        ];
        Self(told.into_iter().enumerate().fold(0, |set, (bit, told)| set | u16::from(told) << bit))
    }

    /// The set as a number, for [`Self::from_bits`].
    pub(crate) fn to_bits(self) -> u16 {
        self.0
    }

    pub(crate) fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The facts that `other` gives and this one lacks.
    pub(crate) fn missing_from(self, other: Self) -> Self {
        Self(other.0 & !self.0)
    }

    /// Whether it gives none of these facts.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it gives how long the play lasted.
    pub(crate) fn has_play_time(self) -> bool {
        self.0 & Self::PLAY_TIME != 0
    }

    /// The same with a play time, which is then never filled in.
    pub(crate) fn with_play_time(self) -> Self {
        Self(self.0 | Self::PLAY_TIME)
    }

    /// The facts that either of the two gives.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
