//! Reading the members of the document.
//!
//! A number that its type cannot hold becomes the type's largest, which every bound refuses. A list is no object: what
//! the derived readers would take as members in their order is refused.

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

/// A `u32`; negative or too large ones become `u32::MAX`.
pub(super) fn u32<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(i64::deserialize(deserializer)?.try_into().unwrap_or(u32::MAX))
}

/// A `u8`; negative or too large ones become `u8::MAX`.
pub(super) fn u8<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    Ok(i64::deserialize(deserializer)?.try_into().unwrap_or(u8::MAX))
}

/// A `u32` or nothing.
pub(super) fn optional_u32<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u32>, D::Error> {
    let number = Option::<i64>::deserialize(d)?;
    Ok(number.map(|n| n.try_into().unwrap_or(u32::MAX)))
}

/// A `u8` or nothing.
pub(super) fn optional_u8<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u8>, D::Error> {
    let number = Option::<i64>::deserialize(d)?;
    Ok(number.map(|n| n.try_into().unwrap_or(u8::MAX)))
}

/// An object, and nothing else.
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(ObjectOnly(deserializer))
}

/// A list of objects.
pub(super) fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(list.into_iter().map(|Object(item)| item).collect())
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// Reads whatever is asked of it as a map.
struct ObjectOnly<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
