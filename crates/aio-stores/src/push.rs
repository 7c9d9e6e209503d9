//! Makes a table the copy of a gallery.

use crate::address::Address;
use crate::answer::RECORD;
use crate::description::Description;
use crate::error::{Result, StoreError};
use crate::partition::{Part, Partition, make_parts};
use aio_gallery::{Gallery, GalleryError, Row};
use pgvector::Vector;
use postgres::Transaction;
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::types::{Json, ToSql, Type};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};

/// Whether features get an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Index {
    /// None is made; one that is there stays, and is kept up to date by the database.
    #[default]
    Keep,
    /// HNSW, for approximate searches.
    Hnsw,
}

/// How a table is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Whether features get an index.
    pub index: Index,
    /// By what the rows of a new table are split. None for one table; a table that is there stays as it is.
    pub partition: Option<Partition>,
}

/// What became of the rows of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pushed {
    /// Where, without a password.
    pub store: String,
    /// Rows of the gallery, and now of the table.
    pub rows: usize,
    /// Rows that were not there or differed.
    pub added: usize,
    /// Rows that the gallery does not have.
    pub removed: usize,
}

/// Names a row's contents: half of a BLAKE3 hash.
type Fingerprint = [u8; 16];

/// Rows that are removed by one statement.
const AT_ONCE: usize = 10_000;

/// Most values of a vector that pgvector indexes.
const WIDEST_INDEXED: usize = 2000;

/// Makes the table at an address the copy of a gallery, in one transaction: others see the old rows until it ends, and if it is stopped nothing has
/// changed. `progress` is called with the number of rows that were added.
///
/// # Errors
/// [`StoreError::Request`] if a gallery of another model has the name, or its table is split in another way; [`StoreError::Gallery`] if the gallery is damaged;
/// [`StoreError::Database`].
pub fn push(
    gallery: &Gallery,
    address: &Address,
    layout: Layout,
    progress: &dyn Fn(usize),
) -> Result<Pushed> {
    if layout.index == Index::Hnsw && gallery.width() > WIDEST_INDEXED {
        return Err(StoreError::request(
            format!(
                "pgvector indexes {WIDEST_INDEXED} values at most, and the features have {}",
                gallery.width()
            ),
            "push without an index: searches are exact then",
        ));
    }
    let failed = |e| StoreError::database(address, "write to", &e);
    let mut client = address.connect()?;
    let mut transaction = client.transaction().map_err(failed)?;
    // One after the other: of two that make the extension or a table at the same time, one would fail.
    transaction
        .execute("SELECT pg_advisory_xact_lock(hashtext('aio galleries'))", &[])
        .map_err(failed)?;
    transaction.batch_execute("CREATE EXTENSION IF NOT EXISTS vector").map_err(|e| {
        StoreError::request(
            format!("{address} has no pgvector: {}", crate::error::said(&e)),
            "install the extension, and let somebody who may do so run CREATE EXTENSION vector",
        )
    })?;
    let old = Description::read(&mut transaction, address)?;
    let new = Description::of(gallery, of_table(old.as_ref(), layout, address)?);
    make_tables(&mut transaction, address, old.as_ref(), &new)?;
    let plan = Plan::new(&mut transaction, address, gallery, new.partition)?;
    plan.remove(&mut transaction, address)?;
    make_parts(&mut transaction, address, &plan.parts)?;
    plan.add(&mut transaction, address, gallery, progress)?;
    new.write(&mut transaction, address)?;
    if layout.index == Index::Hnsw {
        let table = address.table();
        let sql = format!(
            "CREATE INDEX IF NOT EXISTS {table}_features ON {table} USING hnsw (features vector_cosine_ops)"
        );
        transaction.batch_execute(&sql).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    Ok(Pushed {
        store: address.to_string(),
        rows: gallery.len(),
        added: plan.added.len(),
        removed: plan.removed,
    })
}

/// By what the rows are split: as the table that is there does it, or as is asked for.
fn of_table(
    old: Option<&Description>,
    layout: Layout,
    address: &Address,
) -> Result<Option<Partition>> {
    let (Some(old), Some(asked)) = (old, layout.partition) else {
        return Ok(old.map_or(layout.partition, |old| old.partition));
    };
    if old.partition == Some(asked) {
        return Ok(old.partition);
    }
    let there = old.partition.map_or("not partitioned".to_owned(), |partition| {
        format!("partitioned by {}", partition.name())
    });
    Err(StoreError::request(
        format!("{address} is {there}, and not by {}", asked.name()),
        format!("name another gallery after #, or drop this one: {}", drop_statements(address)),
    ))
}

/// What removes a gallery from its database.
fn drop_statements(address: &Address) -> String {
    let (table, name) = (address.table(), address.name());
    format!("DROP TABLE {table}; DELETE FROM aio_galleries WHERE name = '{name}'")
}

/// Makes the tables that are not there.
fn make_tables(
    transaction: &mut Transaction,
    address: &Address,
    old: Option<&Description>,
    new: &Description,
) -> Result<()> {
    if let Some(old) = old
        && (!old.model.fits(&new.model) || old.width != new.width)
    {
        return Err(StoreError::request(
            format!(
                "{address} holds features of {}, and the gallery's are of {}",
                old.model, new.model
            ),
            format!("name another gallery after #, or drop this one: {}", drop_statements(address)),
        ));
    }
    let (table, width) = (address.table(), new.width);
    // A key would have to hold what the rows are split by, which may be missing. One push at a time keeps the numbers apart.
    let (key, numbers, parts) = match new.partition {
        None => ("PRIMARY KEY", String::new(), ""),
        Some(partition) => (
            "NOT NULL",
            format!("CREATE INDEX IF NOT EXISTS {table}_number ON {table} (number);"),
            partition.clause(),
        ),
    };
    let sql = format!(
        "CREATE TABLE IF NOT EXISTS aio_galleries (name text PRIMARY KEY, description jsonb NOT NULL);
         CREATE TABLE IF NOT EXISTS {table} (
             number bigint {key}, fingerprint bytea NOT NULL, path text, identity text, camera text, \"time\" bigint, crop text,
             modality text NOT NULL, caption text, own jsonb NOT NULL, features vector({width}) NOT NULL) {parts};
         {numbers}
         CREATE INDEX IF NOT EXISTS {table}_camera ON {table} (camera);
         CREATE INDEX IF NOT EXISTS {table}_time ON {table} (\"time\");"
    );
    transaction.batch_execute(&sql).map_err(|e| StoreError::database(address, "write to", &e))
}

/// What has to change.
struct Plan {
    /// Numbers of the rows that are there and stay no longer: those that the gallery does not have, and those that differ.
    stale: Vec<i64>,
    /// Rows that the gallery does not have.
    removed: usize,
    /// Rows of the gallery that are added.
    added: Vec<(u64, Fingerprint)>,
    /// The parts of the table that these belong to.
    parts: BTreeSet<Part>,
}

impl Plan {
    fn new(
        transaction: &mut Transaction,
        address: &Address,
        gallery: &Gallery,
        partition: Option<Partition>,
    ) -> Result<Self> {
        let sql = format!("SELECT number, fingerprint FROM {}", address.table());
        let rows = transaction.query(&sql, &[]);
        let rows = rows.map_err(|e| StoreError::database(address, "read", &e))?;
        let mut there: HashMap<i64, Vec<u8>> =
            rows.into_iter().map(|row| (row.get(0), row.get(1))).collect();
        let (mut added, mut stale, mut parts) = (Vec::new(), Vec::new(), BTreeSet::new());
        for row in gallery.rows() {
            let row = row?;
            let (number, fingerprint) = (row.number, fingerprint(&row)?);
            match there.remove(&number.cast_signed()) {
                Some(old) if old == fingerprint => continue,
                Some(_) => stale.push(number.cast_signed()),
                None => {}
            }
            added.push((number, fingerprint));
            parts.extend(partition.map(|partition| partition.part(&row.record)));
        }
        let removed = there.len();
        stale.extend(there.into_keys());
        Ok(Self { stale, removed, added, parts })
    }

    fn remove(&self, transaction: &mut Transaction, address: &Address) -> Result<()> {
        let sql = format!("DELETE FROM {} WHERE number = ANY($1)", address.table());
        for numbers in self.stale.chunks(AT_ONCE) {
            let removed = transaction.execute(&sql, &[&numbers]);
            removed.map_err(|e| StoreError::database(address, "write to", &e))?;
        }
        Ok(())
    }

    fn add(
        &self,
        transaction: &mut Transaction,
        address: &Address,
        gallery: &Gallery,
        progress: &dyn Fn(usize),
    ) -> Result<()> {
        let failed = |e| StoreError::database(address, "write to", &e);
        // The number of a type that an extension defines differs between databases.
        let vector = transaction.prepare("SELECT $1::vector").map_err(failed)?.params()[0].clone();
        let types = [
            Type::INT8,
            Type::BYTEA,
            Type::TEXT,
            Type::TEXT,
            Type::TEXT,
            Type::INT8,
            Type::TEXT,
            Type::TEXT,
            Type::TEXT,
            Type::JSONB,
            vector,
        ];
        let sql = format!(
            "COPY {} (number, fingerprint, {RECORD}, features) FROM STDIN BINARY",
            address.table()
        );
        let mut writer =
            BinaryCopyInWriter::new(transaction.copy_in(&sql).map_err(failed)?, &types);
        for (number, fingerprint) in &self.added {
            let Row { record, features, .. } = gallery.row(*number)?;
            let columns: [&(dyn ToSql + Sync); 11] = [
                &number.cast_signed(),
                &fingerprint.as_slice(),
                &record.path,
                &record.identity,
                &record.camera,
                &record.time,
                &record.crop.map(|crop| crop.to_string()),
                &record.modality,
                &record.caption,
                &Json(record.extra),
                &Vector::from(features),
            ];
            writer.write(&columns).map_err(failed)?;
            progress(1);
        }
        writer.finish().map_err(failed)?;
        Ok(())
    }
}

fn fingerprint(row: &Row) -> Result<Fingerprint> {
    let record = serde_json::to_vec(&row.record).map_err(|e| {
        let problem = format!("cannot serialise row {}: {e}", row.number);
        GalleryError::Request { problem, hint: "report this".into() }
    })?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&record);
    row.features.iter().for_each(|value| _ = hasher.update(&value.to_le_bytes()));
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Ok(first)
}
