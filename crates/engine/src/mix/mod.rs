//! From candidates to a mix, around the policy's choice: [`filters`] leave out what must not be
//! picked, [`ranking`] scores the rest, less by how often it was shown in vain ([`fatigue`]),
//! [`shortlist`] cuts that to a diverse short-list on which the [`dial`] and the caps ([`quota`])
//! can be honoured; after the policy has picked, [`arrange`] puts the picks into playing order and
//! [`reasons`] says why each is there.

pub mod arrange;
pub mod arrivals;
pub mod dial;
pub mod fatigue;
pub mod filters;
pub mod information_gain;
pub mod quota;
pub mod ranking;
pub mod reasons;
pub mod sentence;
pub mod shortlist;
