//! A sink that keeps what it hears, and dumps to read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use segue_lab::world_dumps::{
    PlantedConfig, PlantedListens, PlantedWorld, write_canonical, write_lines, write_parquet_tar,
};
use segue_world::dump::{
    DumpListen, DumpMemberReport, ListenPiece, ListenSink, Mbid, Member, read_listens,
};
use segue_world::{Result, WorldError};
use tempfile::TempDir;

/// A listen that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) user: i64,
    pub(crate) at_s: i64,
    pub(crate) recording: Option<Mbid>,
    pub(crate) artist: String,
    pub(crate) title: String,
    pub(crate) duration_ms: Option<u32>,
}

/// What was read of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) member: Member,
    pub(crate) listens: Vec<Heard>,
    pub(crate) report: DumpMemberReport,
}

impl Read {
    pub(crate) fn name(&self) -> &str {
        &self.member.name
    }

    pub(crate) fn broken(&self) -> &str {
        self.report.broken.as_deref().unwrap_or_default()
    }
}

/// Keeps everything, and holds the reader to its promises.
#[derive(Default)]
pub(crate) struct Keeper {
    pub(crate) members: Vec<Read>,
    pub(crate) known: BTreeSet<String>,
    pub(crate) most_listens: Option<u64>,
    begun: Vec<Member>,
}

/// The listens of a member, or of a share of it.
pub(crate) struct KeptPiece {
    listens: Vec<Heard>,
    most: Option<u64>,
}

impl ListenPiece for KeptPiece {
    fn listen(&mut self, listen: DumpListen<'_>) -> Result<()> {
        if let Some(most) = &mut self.most {
            *most = most.checked_sub(1).ok_or_else(refusal)?;
        }
        self.listens.push(Heard {
            user: listen.user,
            at_s: listen.at_s,
            recording: listen.recording,
            artist: listen.artist.to_owned(),
            title: listen.title.to_owned(),
            duration_ms: listen.duration_ms,
        });
        Ok(())
    }
}

impl ListenSink for Keeper {
    type Piece = KeptPiece;

    fn begin(&mut self, member: &Member) -> Result<bool> {
        if self.known.contains(&member.name) {
            return Ok(false);
        }
        self.begun.push(member.clone());
        Ok(true)
    }

    fn piece(&mut self) -> KeptPiece {
        let kept: usize = self.members.iter().map(|member| member.listens.len()).sum();
        let most = self.most_listens.map(|most| most - kept as u64);
        KeptPiece { listens: Vec::new(), most }
    }

    fn end(
        &mut self,
        member: &Member,
        pieces: Vec<KeptPiece>,
        report: &DumpMemberReport,
    ) -> Result<()> {
        assert!(self.begun.contains(member), "{member:?} ends and has not begun");
        let listens: Vec<Heard> = pieces.into_iter().flat_map(|piece| piece.listens).collect();
        assert_eq!(report.listens, listens.len() as u64);
        assert_eq!(report.rows, report.listens + report.dropped.values().sum::<u64>());
        self.members.push(Read { member: member.clone(), listens, report: report.clone() });
        Ok(())
    }
}

pub(crate) fn refusal() -> WorldError {
    WorldError::Malformed { path: PathBuf::from("sink"), reason: "enough".to_owned() }
}

/// The members that are read of a file or folder, which are the same on any number of threads.
pub(crate) fn read(path: &Path) -> Vec<Read> {
    let on = |threads| {
        let mut keeper = Keeper::default();
        read_listens(path, threads, &mut keeper).unwrap();
        keeper.members
    };
    let members = on(1);
    for threads in [2, 4, 7] {
        assert!(on(threads) == members, "{threads} threads read something else");
    }
    members
}

/// The members that are read of a file with this content.
pub(crate) fn read_bytes(name: &str, content: &[u8]) -> Vec<Read> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    read(&path)
}

pub(crate) fn listens(members: &[Read]) -> Vec<Heard> {
    members.iter().flat_map(|member| member.listens.clone()).collect()
}

/// A small world, of which the dumps have several members.
pub(crate) fn world() -> PlantedWorld {
    PlantedWorld::new(PlantedConfig {
        seed: 7,
        listens: 3_000,
        recordings: 400,
        people: 30,
        rows_a_member: 700,
        ..PlantedConfig::default()
    })
}

pub(crate) fn tar_of_parquet(world: &PlantedWorld) -> Vec<u8> {
    let mut tar = Vec::new();
    write_parquet_tar(world, &mut tar).unwrap();
    tar
}

pub(crate) fn packed_lines(world: &PlantedWorld) -> Vec<u8> {
    let mut packed = Vec::new();
    write_lines(world, &mut packed).unwrap();
    packed
}

pub(crate) fn canonical(world: &PlantedWorld) -> Vec<u8> {
    let mut dump = Vec::new();
    write_canonical(world, &mut dump).unwrap();
    dump
}

/// What a dump of this world should be read as. Parquet does not tell how long recordings are.
pub(crate) fn planted(world: &PlantedWorld, tells_durations: bool) -> Vec<Heard> {
    let heard = PlantedListens::new(*world).map(|listen| {
        let recording = world.recording(listen.recording);
        let (artist, title) = listen.spelling().of(&recording);
        let mbid = listen.identified(world).mbid(&recording);
        Heard {
            user: i64::from(listen.user),
            at_s: listen.at_s,
            recording: mbid.map(|mbid| mbid.parse().unwrap()),
            artist,
            title,
            duration_ms: tells_durations.then_some(recording.duration_ms),
        }
    });
    heard.collect()
}

/// A tar of these members.
pub(crate) fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *content).unwrap();
    }
    tar.into_inner().unwrap()
}

/// Where the members of a tar begin with their headers, and how long their contents are.
pub(crate) fn places(tar: &[u8]) -> Vec<(usize, usize)> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.raw_header_position() as usize, entry.size() as usize)
    });
    entries.collect()
}

/// Says another length in the header at that place, and signs it.
pub(crate) fn lie_about_length(tar: &mut [u8], at: usize, bytes: u64) {
    let mut header = tar::Header::new_old();
    header.as_mut_bytes().copy_from_slice(&tar[at..at + 512]);
    header.set_size(bytes);
    header.set_cksum();
    tar[at..at + 512].copy_from_slice(header.as_bytes());
}

pub(crate) fn packed(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 3).unwrap()
}
