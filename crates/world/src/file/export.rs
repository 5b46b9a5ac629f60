//! A smaller world out of a large one, to hand on: its best known recordings.

use std::path::Path;

use super::{RecordingIdx, World, WorldWriter};
use crate::ivf::VectorRows;
use crate::{Result, WorldError};

impl World {
    /// Writes a world of the best known recordings into a file that is not there yet, with what
    /// these have among themselves: neighbours, artists, factors, and how they sound. Returns how
    /// many there are.
    ///
    /// # Errors
    /// [`WorldError::Exists`], [`WorldError::Io`].
    pub fn export(&self, top: usize, out: &Path) -> Result<usize> {
        if out.exists() {
            return Err(WorldError::Exists { path: out.to_owned() });
        }
        let rows: Vec<RecordingIdx> = (0..self.len().min(top) as u32).map(RecordingIdx).collect();
        let mut artists: Vec<u32> = rows.iter().map(|&row| self.artist(row)).collect();
        artists.sort_unstable();
        artists.dedup();
        let partial = out.with_extension("partial");
        let mut writer = WorldWriter::create(&partial)?;
        self.write_names(&rows, &artists, &mut writer)?;
        self.write_numbers(&rows, &artists, &mut writer)?;
        let sounds: Vec<u8> =
            rows.iter().filter_map(|&row| self.sound_bytes(row)).flatten().copied().collect();
        if !sounds.is_empty() {
            writer.bytes("sound", &sounds)?;
        }
        self.write_neighbours(&rows, &mut writer)?;
        let rows_of: Vec<u32> = rows.iter().map(|row| row.0).collect();
        for (name, index, rows) in [
            ("factors", self.factors()?, &rows_of),
            ("artist_factors", self.artist_factors()?, &artists),
        ] {
            let factors: Vec<f32> = rows.iter().flat_map(|&row| index.to_f32(row)).collect();
            writer.index(name, &VectorRows::new(&factors, index.dim()), &mut |_| {})?;
        }
        let mut manifest = self.manifest().clone();
        manifest.part_of = Some(self.digest());
        manifest.report.recordings = rows.len() as u64;
        manifest.report.artists = artists.len() as u64;
        manifest.report.sounds =
            rows.iter().filter(|&&row| self.sound(row).is_some()).count() as u64;
        if let Some(features) = &mut manifest.features {
            features.recordings = manifest.report.sounds;
        }
        writer.finish(&manifest)?;
        std::fs::rename(&partial, out).map_err(|error| WorldError::io(out, error))?;
        Ok(rows.len())
    }

    fn write_names(
        &self,
        rows: &[RecordingIdx],
        artists: &[u32],
        writer: &mut WorldWriter,
    ) -> Result<()> {
        writer.texts("artists", rows.iter().map(|&row| self.names(row).0))?;
        writer.texts("titles", rows.iter().map(|&row| self.names(row).1))?;
        writer.texts("artist_names", artists.iter().map(|&row| self.artist_name(row)))?;
        let mbid = |&row: &RecordingIdx| self.mbid(row).map_or([0; 16], |mbid| mbid.0);
        writer.bytes("mbids", &rows.iter().flat_map(mbid).collect::<Vec<u8>>())?;
        let is_kept = |&(_, row): &(u64, u32)| (row as usize) < rows.len();
        let [keys, other_keys] = self.keys();
        writer.keys(keys.filter(is_kept), other_keys.filter(is_kept))
    }

    fn write_numbers(
        &self,
        rows: &[RecordingIdx],
        artists: &[u32],
        writer: &mut WorldWriter,
    ) -> Result<()> {
        let of = |number: &dyn Fn(RecordingIdx) -> u32| -> Vec<u32> {
            rows.iter().map(|&row| number(row)).collect()
        };
        let place = |artist: u32| artists.partition_point(|&other| other < artist) as u32;
        let artist_of = of(&|row| place(self.artist(row)));
        writer.u32s("artist_of", &artist_of)?;
        writer.u32s("people", &of(&|row| self.people(row)))?;
        writer.u32s("listens", &of(&|row| self.listens(row)))?;
        writer.u32s("recent", &of(&|row| self.recent(row)))?;
        writer.u32s("first_day", &of(&|row| self.first_day(row)))?;
        let people: Vec<u32> = artists.iter().map(|&row| self.artist_people(row)).collect();
        writer.u32s("artist_people", &people)?;
        writer.by_artist(&artist_of, artists.len())
    }

    fn write_neighbours(&self, rows: &[RecordingIdx], writer: &mut WorldWriter) -> Result<()> {
        let (mut offsets, mut neighbours, mut counts) = (vec![0], Vec::new(), Vec::new());
        for &row in rows {
            for (near, count) in self.neighbours(row) {
                if (near.0 as usize) < rows.len() {
                    neighbours.push(near.0);
                    counts.push(count);
                }
            }
            offsets.push(neighbours.len() as u64);
        }
        writer.u64s("neighbour_offsets", &offsets)?;
        writer.u32s("neighbours", &neighbours)?;
        writer.u32s("neighbour_counts", &counts)
    }
}
