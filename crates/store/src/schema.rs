//! The schema and its history. `PRAGMA user_version` counts the scripts that were applied; each
//! runs once, in order, all in one transaction, and is never edited after a release.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{Result, StoreError, slates};

const MIGRATIONS: [&str; 24] = [
    include_str!("schema/v1.sql"),
    include_str!("schema/v2.sql"),
    include_str!("schema/v3.sql"),
    include_str!("schema/v4.sql"),
    include_str!("schema/v5.sql"),
    include_str!("schema/v6.sql"),
    include_str!("schema/v7.sql"),
    include_str!("schema/v8.sql"),
    include_str!("schema/v9.sql"),
    include_str!("schema/v10.sql"),
    include_str!("schema/v11.sql"),
    include_str!("schema/v12.sql"),
    include_str!("schema/v13.sql"),
    include_str!("schema/v14.sql"),
    include_str!("schema/v15.sql"),
    include_str!("schema/v16.sql"),
    include_str!("schema/v17.sql"),
    include_str!("schema/v18.sql"),
    include_str!("schema/v19.sql"),
    include_str!("schema/v20.sql"),
    include_str!("schema/v21.sql"),
    include_str!("schema/v22.sql"),
    include_str!("schema/v23.sql"),
    include_str!("schema/v24.sql"),
];

/// The newest schema that this code knows.
pub(crate) const SCHEMA: u32 = MIGRATIONS.len() as u32;

/// The first schema whose impressions hold their picks.
const PICKS_WERE_ROWS_BEFORE: u32 = 5;
/// The first schema whose impressions hold their slate in one column.
const SLATES_WERE_COLUMNS_BEFORE: u32 = 20;

/// "SEGU": tells our databases from those of other programs.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"SEGU");

/// Brings a database to [`SCHEMA`], creating everything in an empty one.
pub(crate) fn migrate(connection: &Connection, path: &Path) -> Result<()> {
    if check(connection, path)? == SCHEMA {
        return Ok(());
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    // Another process may have migrated while this one waited for the lock.
    let found = check(&transaction, path)?;
    for script in &MIGRATIONS[found as usize..] {
        transaction.execute_batch(script)?;
    }
    if found < PICKS_WERE_ROWS_BEFORE {
        slates::move_picks_into_impressions(&transaction)?;
    }
    if found < SLATES_WERE_COLUMNS_BEFORE {
        slates::compact_slates(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()?;
    Ok(())
}

/// The schema found, 0 for an empty database.
///
/// # Errors
/// [`StoreError::ForeignDatabase`] and [`StoreError::NewerSchema`] for what must be left alone.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<u32> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let owner: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let empty = tables == 0 && found == 0;
    if !empty && owner != APPLICATION_ID {
        return Err(StoreError::ForeignDatabase { path: path.to_owned() });
    }
    if found > SCHEMA {
        return Err(StoreError::NewerSchema { path: path.to_owned(), found, supported: SCHEMA });
    }
    Ok(found)
}
