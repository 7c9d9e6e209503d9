//! Makes a table the copy of a gallery.

use super::address::Address;
use super::answer::{INDEXED, RECORD};
use super::description::{read, write};
use super::failed::{failed, said};
use super::parts::{Part, clause, make_parts};
use crate::description::Description;
use crate::difference::{Difference, fingerprint};
use crate::error::{Result, StoreError};
use crate::layout::{Index, Layout, Partition, Pushed};
use aio_gallery::{Gallery, Row};
use pgvector::Vector;
use postgres::Transaction;
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::types::{Json, ToSql, Type};
use std::collections::BTreeSet;

/// Rows that are removed by one statement.
const AT_ONCE: usize = 10_000;

/// Most values of a vector that pgvector indexes.
const WIDEST_INDEXED: usize = 2000;

/// Makes the table at an address the copy of a gallery. All rows change in one transaction, which locks nobody out who reads: others see the old rows until it
/// ends, and if it is stopped nothing has changed. New parts of a table that is there are made before, empty. `progress` is called with the number of rows that
/// were added.
///
/// # Errors
/// [`StoreError::Request`] if a gallery of another model has the name, its table is split in another way, or a table that is none of this program's has its
/// name; [`StoreError::Gallery`] if the gallery is damaged; [`StoreError::Database`].
pub(crate) fn push(
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
    let failed = failed(address, "write to");
    let mut client = address.connect()?;
    // One after the other: of two that make the extension or a table at the same time, one would fail. The lock is held until the connection ends.
    client.execute("SELECT pg_advisory_lock(hashtext('aio galleries'))", &[]).map_err(&failed)?;
    let mut transaction = client.transaction().map_err(&failed)?;
    transaction.batch_execute("CREATE EXTENSION IF NOT EXISTS vector").map_err(|e| {
        StoreError::request(
            format!("{address} has no pgvector: {}", said(&e)),
            "install the extension, and let somebody who may do so run CREATE EXTENSION vector",
        )
    })?;
    let old = read(&mut transaction, address)?;
    let new = Description::of(gallery, of_table(old.as_ref(), layout, address)?);
    make_tables(&mut transaction, address, old.as_ref(), &new)?;
    let Difference { added, stale } = difference(&mut transaction, address, gallery)?;
    if let Some(partition) = new.partition {
        let parts = parts(gallery, &added, partition)?;
        if make_parts(&mut transaction, address, &parts)? && old.is_some() {
            // Its locks would hold until all rows have arrived.
            transaction.commit().map_err(&failed)?;
            transaction = client.transaction().map_err(&failed)?;
        }
    }
    let numbers: Vec<i64> = stale.iter().map(|row| row.number.cast_signed()).collect();
    let sql = format!("DELETE FROM {} WHERE number = ANY($1)", address.table());
    for numbers in numbers.chunks(AT_ONCE) {
        transaction.execute(&sql, &[&numbers]).map_err(&failed)?;
    }
    add(&mut transaction, address, gallery, &added, progress)?;
    write(&mut transaction, address, &new)?;
    if layout.index == Index::Hnsw {
        let (table, index) = (address.table(), address.index("features"));
        let sql = format!(
            "CREATE INDEX IF NOT EXISTS {index} ON {table} USING hnsw (features {INDEXED})"
        );
        transaction.batch_execute(&sql).map_err(&failed)?;
    }
    transaction.commit().map_err(&failed)?;
    Ok(Pushed {
        store: address.to_string(),
        rows: gallery.len(),
        added: added.len(),
        removed: stale.iter().filter(|row| row.is_gone).count(),
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
        format!("name another gallery after #, or drop this one: {}", address.drop_statements()),
    ))
}

/// Makes the tables that are not there.
fn make_tables(
    transaction: &mut Transaction,
    address: &Address,
    old: Option<&Description>,
    new: &Description,
) -> Result<()> {
    if let Some(old) = old {
        let hint = || {
            format!("name another gallery after #, or drop this one: {}", address.drop_statements())
        };
        old.check_fits(new, address, hint)?;
    }
    let table = address.table();
    if old.is_none() {
        check_free(transaction, address)?;
    }
    let [key_name, number, camera, time] =
        ["key", "number", "camera", "time"].map(|what| address.index(what));
    // A key would have to hold what the rows are split by, which may be missing. One push at a time keeps the numbers apart.
    let (key, numbers, parts) = match new.partition {
        None => (format!("CONSTRAINT {key_name} PRIMARY KEY"), String::new(), ""),
        Some(partition) => (
            "NOT NULL".to_owned(),
            format!("CREATE INDEX IF NOT EXISTS {number} ON {table} (number);"),
            clause(partition),
        ),
    };
    let width = new.width;
    let sql = format!(
        "CREATE TABLE IF NOT EXISTS aio_galleries (name text PRIMARY KEY, description jsonb NOT NULL);
         CREATE TABLE IF NOT EXISTS {table} (
             number bigint {key}, fingerprint bytea NOT NULL, path text, identity text, camera text, \"time\" bigint, crop text,
             modality text NOT NULL, caption text, own jsonb NOT NULL, features vector({width}) NOT NULL) {parts};
         {numbers}
         CREATE INDEX IF NOT EXISTS {camera} ON {table} (camera);
         CREATE INDEX IF NOT EXISTS {time} ON {table} (\"time\");"
    );
    transaction.batch_execute(&sql).map_err(failed(address, "write to"))
}

/// Refuses to take something for the table of a new gallery that has its name: its rows would be removed.
fn check_free(transaction: &mut Transaction, address: &Address) -> Result<()> {
    let table = address.table();
    let sql = "SELECT to_regclass($1) IS NOT NULL";
    let found = transaction.query_one(sql, &[&table]).map_err(failed(address, "read"))?;
    if found.get(0) {
        return Err(StoreError::request(
            format!(
                "{address}: the database has something called {table} that is no gallery of this program"
            ),
            "name another gallery after #",
        ));
    }
    Ok(())
}

/// Compares the table with a gallery.
fn difference(
    transaction: &mut Transaction,
    address: &Address,
    gallery: &Gallery,
) -> Result<Difference> {
    let sql = format!("SELECT number, fingerprint FROM {}", address.table());
    let rows = transaction.query(&sql, &[]).map_err(failed(address, "read"))?;
    let there = rows.into_iter().map(|row| {
        let fingerprint: &[u8] = row.get(1);
        // What somebody else wrote is no fingerprint, and differs from all.
        let fingerprint = fingerprint.try_into().unwrap_or_default();
        (row.get::<_, i64>(0).cast_unsigned(), fingerprint)
    });
    Difference::new(gallery, there.collect(), fingerprint)
}

/// The parts of the table that new rows belong to.
fn parts(gallery: &Gallery, added: &[u64], partition: Partition) -> Result<BTreeSet<Part>> {
    let mut parts = BTreeSet::new();
    for row in gallery.records() {
        let (number, record) = row?;
        if added.binary_search(&number).is_ok() {
            parts.insert(Part::of(partition, &record));
        }
    }
    Ok(parts)
}

/// Sends rows of a gallery.
fn add(
    transaction: &mut Transaction,
    address: &Address,
    gallery: &Gallery,
    added: &[u64],
    progress: &dyn Fn(usize),
) -> Result<()> {
    let failed = failed(address, "write to");
    // The number of a type that an extension defines differs between databases.
    let vector = transaction.prepare("SELECT $1::vector").map_err(&failed)?.params()[0].clone();
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
    let mut writer = BinaryCopyInWriter::new(transaction.copy_in(&sql).map_err(&failed)?, &types);
    for number in added {
        let row = gallery.row(*number)?;
        let fingerprint = fingerprint(&row)?;
        let Row { record, features, .. } = row;
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
        writer.write(&columns).map_err(&failed)?;
        progress(1);
    }
    writer.finish().map_err(&failed)?;
    Ok(())
}
