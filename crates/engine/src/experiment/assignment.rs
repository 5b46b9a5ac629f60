//! Who is in which arm: a pure function of the experiment's name and the listener's, so that
//! nothing has to be stored, no listener moves when others come or go, and two experiments split
//! independently of each other.
//!
//! Rendezvous hashing (Thaler & Ravishankar 1998): an arm holds as many tickets as its share says,
//! every ticket is a hash of experiment, listener, arm and its number, and the highest ticket wins.
//! Whose ticket wins is uniform among all tickets, so the chance of an arm is its share; and
//! further tickets of one arm can only win listeners over to it, so that raising a share moves
//! nobody between the other arms. Cutting \[0, 1) into stretches by share was rejected: with three
//! arms, widening one shifts the boundary between the other two. All of it is whole numbers, the
//! same on every platform.

use segue_core::ListenerId;

use super::{Arm, Design};

/// Sets these hashes apart from any others that BLAKE3 is used for. Changing it moves everybody.
const CONTEXT: &str = "segue 2026 experiment assignment 1";

/// The arm that a listener is in for as long as the experiment lasts. It follows from the names
/// alone: the same design and listener give the same arm on every machine, whoever else listens.
///
/// # Examples
/// ```
/// use segue_core::ListenerId;
/// use segue_engine::experiment::assignment::{arm_of, probabilities};
/// use segue_engine::experiment::{Design, Mode};
///
/// let arms = vec!["control".parse()?, "bolder:explore=0.5".parse()?];
/// let design = Design::from_parts("how-far-out", arms, Mode::Live, 14)?;
/// let ann = ListenerId::new("ann");
/// assert_eq!(arm_of(&design, &ann).name, arm_of(&design, &ann).name, "ann stays where she is");
/// assert_eq!(probabilities(&design), [0.5, 0.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn arm_of<'a>(design: &'a Design, listener: &ListenerId) -> &'a Arm {
    let place = place_of(design.name(), listener, &tickets(design));
    &design.arms()[place]
}

/// The probability with which each arm is assigned: its share over the sum of all shares. One
/// number an arm, in the order of [`Design::arms`], above 0, together 1.
pub fn probabilities(design: &Design) -> Vec<f64> {
    let total: u32 = design.arms().iter().map(|arm| arm.share).sum();
    design.arms().iter().map(|arm| f64::from(arm.share) / f64::from(total)).collect()
}

fn tickets(design: &Design) -> Vec<(&str, u32)> {
    design.arms().iter().map(|arm| (arm.name.as_str(), arm.share)).collect()
}

/// The place of the winner among arms of given names and shares; of equal tickets, which a test
/// will not live to see, the first.
fn place_of(experiment: &str, listener: &ListenerId, arms: &[(&str, u32)]) -> usize {
    let mut winner = (0, 0);
    for (place, &(arm, share)) in arms.iter().enumerate() {
        let best = best_ticket(experiment, listener, arm, share);
        if best > winner.1 {
            winner = (place, best);
        }
    }
    winner.0
}

/// The highest ticket of an arm. Its tickets are one stream of bytes, eight a ticket, so that a
/// longer stream begins with a shorter one.
fn best_ticket(experiment: &str, listener: &ListenerId, arm: &str, share: u32) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    for part in [experiment, listener.as_str(), arm] {
        // Lengths keep "ab" + "c" apart from "a" + "bc".
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut stream = hasher.finalize_xof();
    let mut ticket = [0; 8];
    let mut best = 0;
    for _ in 0..share {
        stream.fill(&mut ticket);
        best = best.max(u64::from_le_bytes(ticket));
    }
    best
}
