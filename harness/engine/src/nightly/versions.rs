//! The column of versions, whatever its type: as numbers that have the order of what they stand for.

use dedup_stream::columns::Values;
use half::f16;
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::data_type::{ByteArrayType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::RowGroupReader;
use parquet::schema::types::ColumnDescriptor;

/// What can be a version.
pub(super) const VERSIONS: &str = "a whole number, a decimal one of up to 38 digits, a floating one, a date or a timestamp (text has another \
     order than versions, v10 before v9: cast it to one of these)";

/// Digits that fit into 128 bits with a sign.
const MOST_DIGITS: i32 = 38;

/// What the numbers of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VersionKind {
    /// With a sign: also dates, times, and decimals of up to 64 bits, whose unscaled numbers have their order.
    Signed(Physical),
    /// Without one.
    Unsigned(Physical),
    /// With a fraction.
    Floating(Physical),
    /// With a fraction, in 16 bits.
    Half,
    /// Decimals as bytes.
    Decimal(Physical),
}

impl VersionKind {
    /// The kind of a column, or what else it is.
    pub(super) fn of(column: &ColumnDescriptor) -> Result<VersionKind, String> {
        let physical = column.physical_type();
        let (logical, converted) = (column.logical_type_ref(), column.converted_type());
        let is_decimal =
            matches!(logical, Some(LogicalType::Decimal(_))) || converted == ConvertedType::DECIMAL;
        let is_unsigned = matches!(logical, Some(LogicalType::Integer(whole)) if !whole.is_signed)
            || matches!(
                converted,
                ConvertedType::UINT_8
                    | ConvertedType::UINT_16
                    | ConvertedType::UINT_32
                    | ConvertedType::UINT_64
            );
        let is_text = matches!(logical, Some(LogicalType::String | LogicalType::Enum | LogicalType::Json))
            || matches!(converted, ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON);
        match physical {
            _ if is_text => Err("text".to_string()),
            Physical::INT32 | Physical::INT64 if is_unsigned => Ok(VersionKind::Unsigned(physical)),
            Physical::INT32 | Physical::INT64 => Ok(VersionKind::Signed(physical)),
            Physical::FLOAT | Physical::DOUBLE => Ok(VersionKind::Floating(physical)),
            Physical::FIXED_LEN_BYTE_ARRAY if matches!(logical, Some(LogicalType::Float16)) => {
                Ok(VersionKind::Half)
            }
            Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY if is_decimal => {
                match column.type_precision() {
                    digits if digits > MOST_DIGITS => Err(format!("a decimal number of {digits} digits")),
                    _ => Ok(VersionKind::Decimal(physical)),
                }
            }
            other => Err(other.to_string()),
        }
    }
}

/// The versions of a row group.
pub(super) struct Versions {
    kind: VersionKind,
    column: Column,
}

enum Column {
    Int32(Values<Int32Type>),
    Int64(Values<Int64Type>),
    Float(Values<FloatType>),
    Double(Values<DoubleType>),
    Bytes(Values<ByteArrayType>),
    Fixed(Values<FixedLenByteArrayType>),
    Half(Values<FixedLenByteArrayType>),
}

impl Versions {
    pub(super) fn of(
        group: &dyn RowGroupReader,
        (leaf, kind): (usize, VersionKind),
    ) -> Result<Versions, ParquetError> {
        use VersionKind::{Decimal, Floating, Half, Signed, Unsigned};
        let column = match kind {
            Signed(Physical::INT32) | Unsigned(Physical::INT32) => Column::Int32(Values::of(group, leaf)?),
            Signed(_) | Unsigned(_) => Column::Int64(Values::of(group, leaf)?),
            Floating(Physical::FLOAT) => Column::Float(Values::of(group, leaf)?),
            Floating(_) => Column::Double(Values::of(group, leaf)?),
            Half => Column::Half(Values::of(group, leaf)?),
            Decimal(Physical::BYTE_ARRAY) => Column::Bytes(Values::of(group, leaf)?),
            Decimal(_) => Column::Fixed(Values::of(group, leaf)?),
        };
        Ok(Versions { kind, column })
    }

    pub(super) fn load(&mut self, rows: usize) -> Result<usize, ParquetError> {
        match &mut self.column {
            Column::Int32(values) => values.load(rows),
            Column::Int64(values) => values.load(rows),
            Column::Float(values) => values.load(rows),
            Column::Double(values) => values.load(rows),
            Column::Bytes(values) => values.load(rows),
            Column::Fixed(values) | Column::Half(values) => values.load(rows),
        }
    }

    /// The version of the next row, if it has one.
    pub(super) fn next(&mut self) -> Result<Option<i128>, ParquetError> {
        let is_unsigned = matches!(self.kind, VersionKind::Unsigned(_));
        Ok(match &mut self.column {
            Column::Int32(values) => values.next().map(|value| match is_unsigned {
                true => i128::from(*value as u32),
                false => i128::from(*value),
            }),
            Column::Int64(values) => values.next().map(|value| match is_unsigned {
                true => i128::from(*value as u64),
                false => i128::from(*value),
            }),
            Column::Float(values) => values.next().map(|value| floating(f64::from(*value))),
            Column::Double(values) => values.next().map(|value| floating(*value)),
            Column::Bytes(values) => values.next().map(|value| decimal(value.data())).transpose()?,
            Column::Fixed(values) => values.next().map(|value| decimal(value.data())).transpose()?,
            Column::Half(values) => values.next().map(|value| half(value.data())).transpose()?,
        })
    }
}

/// A number that has the order of floating ones: what is no number is after all others, as DuckDB has it, and zero has no
/// sign.
fn floating(value: f64) -> i128 {
    let value = if value.is_nan() { f64::NAN.abs() } else { value + 0.0 };
    let bits = value.to_bits() as i64;
    // Below zero the order of bits is turned round.
    i128::from(bits ^ (((bits >> 63) as u64) >> 1) as i64)
}

/// The same of 16 bits, the little end first.
fn half(bytes: &[u8]) -> Result<i128, ParquetError> {
    let bytes = <[u8; 2]>::try_from(bytes);
    let bytes =
        bytes.map_err(|_| ParquetError::General("a floating number of 16 bits has others".to_string()))?;
    Ok(floating(f16::from_le_bytes(bytes).to_f64()))
}

/// An unscaled whole number, big end first and of two's complement.
fn decimal(bytes: &[u8]) -> Result<i128, ParquetError> {
    const WIDTH: usize = size_of::<i128>();
    let filler = if bytes.first().is_some_and(|first| first & 0x80 != 0) { 0xff } else { 0 };
    let (spare, significant) = bytes.split_at(bytes.len().saturating_sub(WIDTH));
    let mut whole = [filler; WIDTH];
    whole[WIDTH - significant.len()..].copy_from_slice(significant);
    let value = i128::from_be_bytes(whole);
    match spare.iter().all(|byte| *byte == filler) && (value < 0) == (filler == 0xff) {
        true => Ok(value),
        false => Err(ParquetError::General("a decimal version of more than 38 digits".to_string())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn floating_versions_have_the_order_of_numbers_with_what_is_none_at_the_end() {
        let ordered = [
            f64::NEG_INFINITY,
            f64::MIN,
            -1.5,
            -f64::MIN_POSITIVE,
            0.0,
            5e-324,
            1.0,
            f64::MAX,
            f64::INFINITY,
            f64::NAN,
        ];
        let numbers: Vec<i128> = ordered.into_iter().map(floating).collect();
        assert!(numbers.is_sorted_by(|one, other| one < other), "{numbers:?}");
        assert_eq!(floating(-0.0), floating(0.0));
        assert_eq!(floating(-f64::NAN), floating(f64::NAN));
    }

    #[test]
    fn numbers_of_16_bits_are_versions_like_the_same_of_64() {
        for value in [f64::NEG_INFINITY, -1.5, -0.0, 0.0, 6e-8, 0.25, 65504.0, f64::NAN] {
            let bits = f16::from_f64(value);
            assert_eq!(half(&bits.to_le_bytes()).unwrap(), floating(bits.to_f64()));
        }
        assert!(
            half(&f16::from_f64(-2.0).to_le_bytes()).unwrap()
                < half(&f16::from_f64(-1.0).to_le_bytes()).unwrap()
        );
        assert!(half(&[1]).is_err() && half(&[1; 3]).is_err());
    }

    #[test]
    fn a_decimal_of_more_than_128_bits_is_an_error() {
        assert!(decimal(&[1; 17]).is_err());
        assert!(decimal(&[[0].as_slice(), &[0xff; 16]].concat()).is_err());
        assert_eq!(decimal(&[]).unwrap(), 0);
    }

    proptest! {
        #[test]
        fn decimals_of_any_width_are_the_numbers_that_they_hold(value: i64, more in 0usize..14) {
            let filler = if value < 0 { 0xff } else { 0 };
            let bytes = [vec![filler; more], value.to_be_bytes().to_vec()].concat();
            prop_assert_eq!(decimal(&bytes).unwrap(), i128::from(value));
        }
    }
}
