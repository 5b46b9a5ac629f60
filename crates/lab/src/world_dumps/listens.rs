//! Who plays what when: sessions, day by day.
//!
//! Each person has a generator a day, so that any part is the same whatever came before. A session
//! stays within a community, mostly the person's own, and what is played there follows Zipf's law.
//! Three in ten go on with the same artist. One in seven is skipped.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal, Poisson, Zipf};

use super::planted::PlantedWorld;
use super::spelling::{Identified, Spelling};

const SECONDS_A_DAY: i64 = 86_400;
/// What of a person's luck belongs to the first day; the next days follow it.
const FIRST_DAY: u64 = 1 << 32;
/// Listens of a session on average.
const SESSION_LISTENS: f64 = 12.0;
/// How much more some people listen than others: the deviation of the logarithm.
const ACTIVITY_DEVIATION: f64 = 0.8;
/// How likely a session is in the person's own community.
const OWN_COMMUNITY: f64 = 0.9;
const SAME_ARTIST: f64 = 0.3;
const SKIPPED: f64 = 0.15;
/// As in the real dumps.
const WITH_MBID: f64 = 0.86;
/// Of listens with an identifier, where there is another version.
const OF_VERSION: f64 = 0.3;
/// Of all listens.
const OTHER_SPELLING: f64 = 0.15;

/// A listen of a made-up dump, by the numbers of who and what; [`spelling`](Self::spelling) and
/// [`identified`](Self::identified) say how a dump writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlantedListen {
    /// When it began, in seconds since 1970.
    pub at_s: i64,
    /// Who listened, from 1.
    pub user: u32,
    /// What, by its number in the [world](PlantedWorld::recording).
    pub recording: u32,
    luck: u32,
}

impl PlantedListen {
    /// How its artist and title are spelt.
    pub fn spelling(&self) -> Spelling {
        if f64::from(self.luck % 1000) >= 1000.0 * OTHER_SPELLING {
            return Spelling::Canonical;
        }
        match self.luck % 4 {
            0 => Spelling::Lowercase,
            1 => Spelling::Featuring,
            2 => Spelling::Remastered,
            _ => Spelling::Live,
        }
    }

    pub(super) fn has_mbid(&self, world: &PlantedWorld) -> bool {
        self.identified(world) != Identified::No
    }

    /// Which identifier it has.
    pub fn identified(&self, world: &PlantedWorld) -> Identified {
        let luck = self.luck / 1000;
        if f64::from(luck % 1000) >= 1000.0 * WITH_MBID {
            return Identified::No;
        }
        let is_version = f64::from(luck / 1000 % 1000) < 1000.0 * OF_VERSION;
        match is_version && world.has_version(self.recording) {
            true => Identified::Version,
            false => Identified::Canonical,
        }
    }
}

/// All listens in order of time. Those of one day are in memory.
#[derive(Debug)]
pub struct PlantedListens {
    world: PlantedWorld,
    ranks: Zipf<f64>,
    day: i64,
    today: std::vec::IntoIter<PlantedListen>,
    /// Of sessions that went on behind midnight.
    tomorrow: Vec<PlantedListen>,
    left: u64,
}

impl PlantedListens {
    /// The listens of a made-up world, as many as its configuration says, made day by day as they
    /// are asked for.
    pub fn new(world: PlantedWorld) -> Self {
        let most = f64::from(world.recordings_a_community());
        let ranks = Zipf::new(most, 1.0).expect("a community has a recording");
        let left = world.config.listens;
        Self { world, ranks, day: 0, today: Vec::new().into_iter(), tomorrow: Vec::new(), left }
    }

    /// Goes on to the next day.
    fn begin_day(&mut self) {
        let config = self.world.config;
        let mut listens = std::mem::take(&mut self.tomorrow);
        for user in 1..=config.people {
            self.listen_today(user, &mut listens);
        }
        listens.sort_unstable();
        self.day += 1;
        let midnight = config.start_s + self.day * SECONDS_A_DAY;
        let today = listens.partition_point(|listen| listen.at_s < midnight);
        self.tomorrow = listens.split_off(today);
        self.today = listens.into_iter();
    }

    fn listen_today(&self, user: u32, listens: &mut Vec<PlantedListen>) {
        let config = &self.world.config;
        let mut rng = ChaCha8Rng::seed_from_u64(self.world.hash(FIRST_DAY + self.day as u64, user));
        let people_days = f64::from(config.people) * f64::from(config.days);
        let sessions = config.listens as f64 / people_days * self.activity(user) / SESSION_LISTENS;
        let sessions = Poisson::new(sessions).map_or(0.0, |sessions| sessions.sample(&mut rng));
        for _ in 0..sessions as u32 {
            self.session(user, &mut rng, listens);
        }
    }

    /// How much a person listens, 1 on average.
    fn activity(&self, user: u32) -> f64 {
        let mean = -ACTIVITY_DEVIATION * ACTIVITY_DEVIATION / 2.0;
        let activity = LogNormal::new(mean, ACTIVITY_DEVIATION).expect("the deviation is positive");
        activity.sample(&mut ChaCha8Rng::seed_from_u64(self.world.hash(11, user)))
    }

    fn session(&self, user: u32, rng: &mut ChaCha8Rng, listens: &mut Vec<PlantedListen>) {
        let config = &self.world.config;
        let community = match rng.random_bool(OWN_COMMUNITY) {
            true => self.world.community_of_person(user),
            false => rng.random_range(0..config.communities),
        };
        let mut at_s =
            config.start_s + self.day * SECONDS_A_DAY + rng.random_range(0..SECONDS_A_DAY);
        let mut rank = self.rank(rng);
        loop {
            let recording = rank * config.communities + community;
            listens.push(PlantedListen { at_s, user, recording, luck: rng.random() });
            at_s += match rng.random_bool(SKIPPED) {
                true => rng.random_range(5..25),
                false => {
                    i64::from(self.world.duration_ms(recording) / 1000) + rng.random_range(0..4)
                }
            };
            if rng.random_bool(1.0 / SESSION_LISTENS) {
                return;
            }
            rank = match rng.random_bool(SAME_ARTIST) {
                true => self.by_the_same(rank, rng),
                false => self.rank(rng),
            };
        }
    }

    fn rank(&self, rng: &mut ChaCha8Rng) -> u32 {
        (self.ranks.sample(rng) as u32).clamp(1, self.world.recordings_a_community()) - 1
    }

    /// Another of the artist's recordings, or the same one.
    fn by_the_same(&self, rank: u32, rng: &mut ChaCha8Rng) -> u32 {
        let among = self.world.artists_a_community();
        let first = rank % among;
        let recordings = (self.world.recordings_a_community() - first).div_ceil(among);
        first + among * rng.random_range(0..recordings)
    }
}

impl Iterator for PlantedListens {
    type Item = PlantedListen;

    fn next(&mut self) -> Option<PlantedListen> {
        self.left = self.left.checked_sub(1)?;
        loop {
            if let Some(listen) = self.today.next() {
                return Some(listen);
            }
            self.begin_day();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::planted::PlantedConfig;
    use super::*;

    #[test]
    fn listens_are_as_many_as_wanted_and_in_order_of_time() {
        let world = PlantedWorld::new(PlantedConfig::default());
        let listens: Vec<_> = PlantedListens::new(world).collect();
        assert_eq!(listens.len(), 20_000);
        assert!(listens.is_sorted_by_key(|listen| listen.at_s));
        let days = (listens[19_999].at_s - listens[0].at_s) / SECONDS_A_DAY;
        assert!((20..=45).contains(&days), "{days}");
    }

    #[test]
    fn people_play_what_their_community_plays() {
        let world = PlantedWorld::new(PlantedConfig::default());
        let own = PlantedListens::new(world).filter(|listen| {
            world.community_of_person(listen.user) == world.community_of_recording(listen.recording)
        });
        let share = own.count() as f64 / 20_000.0;
        assert!((0.88..0.97).contains(&share), "{share}");
    }

    #[test]
    fn identifiers_and_spellings_are_as_often_missing_and_wrong_as_they_should_be() {
        let world = PlantedWorld::new(PlantedConfig::default());
        let share = |holds: &dyn Fn(&PlantedListen) -> bool| {
            PlantedListens::new(world).filter(|listen| holds(listen)).count() as f64 / 20_000.0
        };
        let identified = share(&|listen| listen.identified(&world) != Identified::No);
        let version = share(&|listen| listen.identified(&world) == Identified::Version);
        let misspelt = share(&|listen| listen.spelling() != Spelling::Canonical);
        assert!((identified - 0.86).abs() < 0.01, "{identified}");
        assert!((0.01..0.08).contains(&version), "{version}");
        assert!((misspelt - 0.15).abs() < 0.01, "{misspelt}");
    }
}
