//! One query in SQL.

use super::address::Address;
use super::conditions::Conditions;
use super::failed::failed;
use crate::answer::{Asked, Found, Near};
use crate::error::Result;
use aio_gallery::Record;
use pgvector::Vector;
use postgres::types::Json;
use postgres::{Client, Row};
use std::collections::BTreeMap;

/// The columns of a record, in the order in which [`record`] reads them.
pub(super) const RECORD: &str = "path, identity, camera, \"time\", crop, modality, caption, own";

/// pgvector's operator for the negative product of two vectors, and what an index needs to follow it.
pub(super) const DISTANCE: &str = "<#>";
pub(super) const INDEXED: &str = "vector_ip_ops";

/// Asks for the rows nearest to a query, within a transaction, whose settings it changes.
///
/// # Errors
/// [`StoreError::Database`](crate::StoreError::Database).
pub(super) fn found(client: &mut Client, address: &Address, asked: &Asked) -> Result<Found> {
    let failed = failed(address, "search");
    let table = address.table();
    let mut conditions = Conditions::new(&asked.checks, &asked.named);
    let clause = conditions.clause();
    // To count the rows would read all of them, which is what an index saves.
    let searched = match asked.visited {
        Some(_) => None,
        None => {
            let sql = format!("SELECT count(*) FROM {table} {clause}");
            let counted = client.query_one(&sql, &conditions.borrowed()).map_err(&failed)?;
            Some(counted.get::<_, i64>(0) as usize)
        }
    };
    let settings = match asked.visited {
        // Further entries are visited until enough of them pass the filter.
        Some(visited) => format!(
            "SET LOCAL enable_indexscan = on; SET LOCAL hnsw.ef_search = {visited}; SET LOCAL hnsw.iterative_scan = strict_order"
        ),
        // The index on features is used by the other kind of scan alone.
        None => "SET LOCAL enable_indexscan = off".to_owned(),
    };
    client.batch_execute(&settings).map_err(&failed)?;
    let vector = conditions.add(Vector::from(asked.vector.clone()));
    // The product of query and row, and not their cosine, as on disk: rows in 16 bits do not have exactly the length 1.
    let distance = format!("features {DISTANCE} {vector}");
    let limit = conditions.add(asked.top.min(i64::MAX as usize) as i64);
    let sql = match asked.group_by {
        None => {
            // Of equally distant rows those with the smaller numbers are nearer. The index is sorted by the distance alone.
            let ties = if asked.visited.is_none() { ", number" } else { "" };
            format!(
                "SELECT number, {RECORD}, {distance} AS distance FROM {table} {clause} ORDER BY {distance}{ties} LIMIT {limit}"
            )
        }
        Some(column) => {
            let group = conditions.column(column);
            format!(
                "SELECT number, {RECORD}, distance FROM ( \
                 SELECT DISTINCT ON (shared, alone) * FROM ( \
                 SELECT *, {distance} AS distance, {group} AS shared, CASE WHEN {group} IS NULL THEN number END AS alone FROM {table} {clause} \
                 ) AS chosen ORDER BY shared, alone, distance, number ) AS nearest ORDER BY distance, number LIMIT {limit}"
            )
        }
    };
    let rows = client.query(&sql, &conditions.borrowed()).map_err(&failed)?;
    Ok(Found::new(searched, rows.iter().map(near).collect()))
}

fn near(row: &Row) -> Near {
    Near {
        number: row.get::<_, i64>("number").cast_unsigned(),
        similarity: -row.get::<_, f64>("distance") as f32,
        record: record(row),
    }
}

/// What is known of a row.
fn record(row: &Row) -> Record {
    let Json(extra): Json<BTreeMap<String, String>> = row.get("own");
    Record {
        path: row.get("path"),
        identity: row.get("identity"),
        camera: row.get("camera"),
        time: row.get("time"),
        crop: row.get::<_, Option<String>>("crop").and_then(|crop| crop.parse().ok()),
        modality: row.get("modality"),
        caption: row.get("caption"),
        extra,
    }
}
