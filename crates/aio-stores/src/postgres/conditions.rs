//! Filters and groups as SQL. Values are parameters; only names of this program stand in the text.

use aio_gallery::Check;
use postgres::types::ToSql;

/// Conditions on the rows of a gallery, and the parameters of the statement that they stand in. They are its first parameters.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    all: Vec<String>,
    parameters: Vec<Box<dyn ToSql + Sync>>,
}

impl Conditions {
    /// That a row passes all tests, and is none of `named`.
    pub(super) fn new(checks: &[Check], named: &[u64]) -> Self {
        let mut new = Self::default();
        let texts = |values: &[&str]| -> Vec<String> {
            values.iter().map(|value| (*value).to_owned()).collect()
        };
        for check in checks {
            let condition = match check {
                Check::OneOf(column, values) => {
                    format!("{} = ANY({})", new.column(column), new.add(texts(values)))
                }
                Check::NoneOf(column, values) => {
                    let (column, values) = (new.column(column), new.add(texts(values)));
                    format!("({column} IS NULL OR {column} <> ALL({values}))")
                }
                Check::From(time) => format!("\"time\" >= {}", new.add(*time)),
                Check::Until(time) => format!("\"time\" < {}", new.add(*time)),
                Check::At(time) => format!("\"time\" = {}", new.add(*time)),
                Check::NotAt(time) => format!("\"time\" IS DISTINCT FROM {}", new.add(*time)),
                Check::Outside(days) => {
                    let (start, end) = (new.add(days.start), new.add(days.end));
                    format!("(\"time\" IS NULL OR \"time\" < {start} OR \"time\" >= {end})")
                }
            };
            new.all.push(condition);
        }
        if !named.is_empty() {
            let numbers: Vec<i64> = named.iter().map(|row| row.cast_signed()).collect();
            let place = new.add(numbers);
            new.all.push(format!("number <> ALL({place})"));
        }
        new
    }

    /// The conditions as the end of a statement; nothing without any.
    pub(super) fn clause(&self) -> String {
        if self.all.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", self.all.join(" AND "))
        }
    }

    /// The text in a column of the gallery.
    pub(super) fn column(&mut self, column: &str) -> String {
        match column {
            "path" | "identity" | "camera" | "crop" | "modality" | "caption" => column.to_owned(),
            "time" => "(\"time\"::text)".to_owned(),
            own => format!("(own ->> {})", self.add(own.to_owned())),
        }
    }

    /// Adds a parameter, and gives its name.
    pub(super) fn add(&mut self, value: impl ToSql + Sync + 'static) -> String {
        self.parameters.push(Box::new(value));
        format!("${}", self.parameters.len())
    }

    /// The parameters as the client takes them.
    pub(super) fn borrowed(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.parameters.iter().map(AsRef::as_ref).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_is_a_condition_and_no_value_is_in_the_text() {
        let checks = [
            Check::OneOf("camera", vec!["gate", "door"]),
            Check::NoneOf("camera", vec!["' OR 1=1 --"]),
            Check::From(5),
            Check::Until(9),
            Check::NoneOf("identity", vec!["42"]),
            Check::OneOf("floor'; DROP", vec!["2"]),
            Check::At(7),
            Check::NotAt(8),
            Check::Outside(2..6),
        ];
        let conditions = Conditions::new(&checks, &[7]);
        assert_eq!(
            conditions.clause(),
            "WHERE camera = ANY($1) AND (camera IS NULL OR camera <> ALL($2)) AND \"time\" >= $3 AND \"time\" < $4 \
             AND (identity IS NULL OR identity <> ALL($5)) AND (own ->> $6) = ANY($7) AND \"time\" = $8 \
             AND \"time\" IS DISTINCT FROM $9 AND (\"time\" IS NULL OR \"time\" < $10 OR \"time\" >= $11) \
             AND number <> ALL($12)"
        );
        assert_eq!(conditions.parameters.len(), 12);
        assert_eq!(Conditions::default().clause(), "");
    }
}
