//! Which world a library is used with. The file itself stays where the user put it.

use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension, params};

use crate::{Result, Store};

/// A world that a library is used with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldInUse {
    /// Where the file is.
    pub path: PathBuf,
    /// Its digest when it was taken into use; another one is another world.
    pub digest: String,
}

impl Store {
    /// The world in use, if there is one.
    ///
    /// # Errors
    /// [`crate::StoreError::Database`].
    pub fn world(&self) -> Result<Option<WorldInUse>> {
        let mut statement = self.connection.prepare_cached("SELECT path, digest FROM worlds")?;
        let world = |row: &rusqlite::Row<'_>| {
            Ok(WorldInUse { path: PathBuf::from(row.get::<_, String>(0)?), digest: row.get(1)? })
        };
        Ok(statement.query_row([], world).optional()?)
    }

    /// Uses a world from now on, in place of whichever was in use; `None` uses none.
    ///
    /// ```
    /// use segue_store::{Store, WorldInUse};
    ///
    /// let mut store = Store::open_in_memory()?;
    /// let world = WorldInUse { path: "/data/2026.world".into(), digest: "b5c1".to_owned() };
    /// store.use_world(Some(&world))?;
    /// assert_eq!(store.world()?, Some(world));
    /// store.use_world(None)?;
    /// assert_eq!(store.world()?, None);
    /// # Ok::<(), segue_store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::StoreError::Busy`] or [`crate::StoreError::Database`].
    pub fn use_world(&mut self, world: Option<&WorldInUse>) -> Result<()> {
        self.write(|connection, _| {
            connection.execute("DELETE FROM worlds", [])?;
            if let Some(WorldInUse { path, digest }) = world {
                let path = Path::to_string_lossy(path);
                connection.execute("INSERT INTO worlds VALUES (?1, ?2)", params![path, digest])?;
            }
            Ok(())
        })
    }
}
