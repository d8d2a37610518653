//! Reads an audit record once, keeping what the row needs, and as much as there is when the text is cut off.

use std::borrow::Cow;
use std::fmt;

use postern_ingest::depth_is_bounded;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::m365::object::{Key, Object, Text};

/// Name and value.
pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// What a row needs of an audit record.
#[derive(Debug, Default)]
pub(crate) struct AuditRecord<'a> {
    pub(crate) creation_time: Cow<'a, str>,
    pub(crate) id: Cow<'a, str>,
    pub(crate) operation: Cow<'a, str>,
    pub(crate) record_type: Cow<'a, str>,
    pub(crate) workload: Cow<'a, str>,
    pub(crate) user_id: Cow<'a, str>,
    pub(crate) user_key: Cow<'a, str>,
    pub(crate) user_type: Cow<'a, str>,
    pub(crate) result_status: Cow<'a, str>,
    pub(crate) object_id: Cow<'a, str>,
    pub(crate) client_ip: Cow<'a, str>,
    pub(crate) client_ip_address: Cow<'a, str>,
    pub(crate) actor_ip_address: Cow<'a, str>,
    pub(crate) organization_id: Cow<'a, str>,
    pub(crate) organization_name: Cow<'a, str>,
    pub(crate) session_id: Cow<'a, str>,
    pub(crate) app_id: Cow<'a, str>,
    pub(crate) client_app_id: Cow<'a, str>,
    pub(crate) application_id: Cow<'a, str>,
    pub(crate) external_access: Cow<'a, str>,
    pub(crate) client_info: Cow<'a, str>,
    pub(crate) user_agent: Cow<'a, str>,
    pub(crate) resolved_name: Cow<'a, str>,
    pub(crate) token_object_id: Cow<'a, str>,
    pub(crate) logon_type: Cow<'a, str>,
    pub(crate) parameters: Vec<Pair<'a>>,
    pub(crate) operation_properties: Vec<Pair<'a>>,
    pub(crate) extended_properties: Vec<Pair<'a>>,
    pub(crate) device_properties: Vec<Pair<'a>>,
    pub(crate) access_context: Vec<Pair<'a>>,
    /// A member in which shippers and cmdlets keep the record proper.
    pub(crate) inner: Option<(&'static str, &'a RawValue)>,
    /// Members of the wrapper rows that cmdlets write.
    pub(crate) creation_date: Cow<'a, str>,
    pub(crate) identity: Cow<'a, str>,
    pub(crate) operations: Cow<'a, str>,
    pub(crate) user_ids: Cow<'a, str>,
}

/// Why a record could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) String);

impl<'a> AuditRecord<'a> {
    /// Reads a record; what was read before an error stays.
    pub(crate) fn read(&mut self, text: &'a str) -> Result<(), Unreadable> {
        let unreadable = |e: serde_json::Error| Unreadable(format!("not JSON: {e}"));
        if !text.trim_start().starts_with('{') {
            return Err(Unreadable("it is not a JSON object".to_owned()));
        }
        if !depth_is_bounded(text) {
            return Err(Unreadable("it is nested deeper than 100 levels".to_owned()));
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        deserializer.deserialize_map(Fill(self)).map_err(unreadable)?;
        deserializer.end().map_err(unreadable)
    }

    /// The value of a name among pairs; case aside.
    pub(crate) fn find<'s>(pairs: &'s [Pair<'a>], name: &str) -> &'s str {
        pairs.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.as_ref())
    }

    /// The user agent: of the extended properties, of the details within them, of the record, or the mail client.
    pub(crate) fn agent(&self) -> Cow<'_, str> {
        let direct = Self::find(&self.extended_properties, "UserAgent");
        if !direct.is_empty() {
            return Cow::Borrowed(direct);
        }
        let details = Self::find(&self.extended_properties, "additionalDetails");
        if details.contains("User-Agent")
            && let Ok(details) = Object::parse(details)
        {
            return Cow::Owned(details.text("User-Agent").into_owned());
        }
        Cow::Borrowed(if self.user_agent.is_empty() { &self.client_info } else { &self.user_agent })
    }
}

struct Fill<'r, 'a>(&'r mut AuditRecord<'a>);

impl<'de> Visitor<'de> for Fill<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an audit record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let record = self.0;
        // Names are compared in lower case: some shippers change them.
        let mut folded = [0_u8; 32];
        while let Some(Key(name)) = map.next_key()? {
            let bytes = name.as_bytes();
            let Some(room) = folded.get_mut(..bytes.len()) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            room.copy_from_slice(bytes);
            room.make_ascii_lowercase();
            let slot = match &*room {
                b"creationtime" => &mut record.creation_time,
                b"id" => &mut record.id,
                b"operation" => &mut record.operation,
                b"recordtype" | b"auditlogrecordtype" => &mut record.record_type,
                b"workload" => &mut record.workload,
                b"userid" => &mut record.user_id,
                b"userkey" => &mut record.user_key,
                b"usertype" => &mut record.user_type,
                b"resultstatus" => &mut record.result_status,
                b"objectid" => &mut record.object_id,
                b"clientip" => &mut record.client_ip,
                b"clientipaddress" => &mut record.client_ip_address,
                b"actoripaddress" => &mut record.actor_ip_address,
                b"organizationid" => &mut record.organization_id,
                b"organizationname" => &mut record.organization_name,
                b"sessionid" => &mut record.session_id,
                b"appid" => &mut record.app_id,
                b"clientappid" => &mut record.client_app_id,
                b"applicationid" => &mut record.application_id,
                b"externalaccess" => &mut record.external_access,
                b"clientinfostring" => &mut record.client_info,
                b"useragent" => &mut record.user_agent,
                b"modifiedobjectresolvedname" => &mut record.resolved_name,
                b"tokenobjectid" => &mut record.token_object_id,
                b"logontype" => &mut record.logon_type,
                b"creationdate" | b"createddatetime" => &mut record.creation_date,
                b"identity" => &mut record.identity,
                b"operations" => &mut record.operations,
                b"userids" => &mut record.user_ids,
                other => {
                    let pairs = match other {
                        b"parameters" => &mut record.parameters,
                        b"operationproperties" => &mut record.operation_properties,
                        b"extendedproperties" => &mut record.extended_properties,
                        b"deviceproperties" => &mut record.device_properties,
                        b"appaccesscontext" => &mut record.access_context,
                        _ => {
                            let inner = match other {
                                b"auditdata" => "AuditData",
                                b"office365" => "office365",
                                b"o365audit" => "o365audit",
                                b"message" => "message",
                                b"event" => "event",
                                b"original" => "original",
                                b"_raw" => "_raw",
                                _ => "",
                            };
                            if inner.is_empty() {
                                map.next_value::<IgnoredAny>()?;
                            } else {
                                let value = map.next_value()?;
                                record.inner.get_or_insert((inner, value));
                            }
                            continue;
                        }
                    };
                    map.next_value_seed(Pairs(pairs))?;
                    continue;
                }
            };
            let Text(text) = map.next_value()?;
            if slot.is_empty() {
                *slot = text;
            }
        }
        Ok(())
    }
}

/// Reads a list of names and values in any of its shapes: objects with Name and Value, texts of the form
/// `@{Name=x; Value=y}`, one object with a member per name, or a text holding one of these.
struct Pairs<'r, 'a>(&'r mut Vec<Pair<'a>>);

impl<'de> DeserializeSeed<'de> for Pairs<'_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pairs<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names and values")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Element(self.0))?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(name)) = map.next_key()? {
            let Text(value) = map.next_value()?;
            if !name.contains('@') {
                self.0.push((name, value));
            }
        }
        Ok(())
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        if text.trim_start().starts_with(['[', '{']) && depth_is_bounded(text) {
            let mut found: Vec<Pair<'_>> = Vec::new();
            let mut inner = serde_json::Deserializer::from_str(text);
            if Pairs(&mut found).deserialize(&mut inner).is_ok() {
                self.0.extend(found.into_iter().map(|(n, v)| (own(n), own(v))));
            }
        }
        Ok(())
    }
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

fn own<'a>(text: Cow<'_, str>) -> Cow<'a, str> {
    Cow::Owned(text.into_owned())
}

/// One element of a list of names and values.
struct Element<'r, 'a>(&'r mut Vec<Pair<'a>>);

impl<'de> DeserializeSeed<'de> for Element<'_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name and a value")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut name, mut value) = (None, Cow::Borrowed(""));
        while let Some(Key(key)) = map.next_key()? {
            if key.eq_ignore_ascii_case("Name") || key.eq_ignore_ascii_case("Key") {
                name = Some(map.next_value::<Text<'de>>()?.0);
            } else if key.eq_ignore_ascii_case("Value") {
                value = map.next_value::<Text<'de>>()?.0;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if let Some(name) = name {
            self.0.push((name, value));
        }
        Ok(())
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        // What PowerShell makes of objects below its depth limit.
        let inner = text.strip_prefix("@{Name=").and_then(|t| t.strip_suffix('}'));
        if let Some((name, value)) = inner.and_then(|t| t.split_once("; Value=")) {
            self.0.push((own(Cow::Borrowed(name)), own(Cow::Borrowed(value))));
        }
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_values_in_every_shape() {
        for parameters in [
            r#"[{"Name":"A","Value":"x"},{"Name":"B"},{"Name":"C","Value":true}]"#,
            r#"[{"name":"A","value":"x"},{"name":"B","value":""},{"name":"C","value":"True"}]"#,
            r#"["@{Name=A; Value=x}","@{Name=B; Value=}","@{Name=C; Value=True}"]"#,
            r#"{"A":"x","B":null,"C":"True"}"#,
            r#""[{\"Name\":\"A\",\"Value\":\"x\"},{\"Name\":\"B\"},{\"Name\":\"C\",\"Value\":\"True\"}]""#,
        ] {
            let text = format!(r#"{{"PARAMETERS":{parameters}}}"#);
            let mut record = AuditRecord::default();
            record.read(&text).unwrap();
            let pairs: Vec<_> = record.parameters.iter().map(|(n, v)| format!("{n}={v}")).collect();
            assert_eq!(pairs, ["A=x", "B=", "C=True"], "{parameters}");
        }
        let mut record = AuditRecord::default();
        record.read(r#"{"Parameters":"-StartDate \"4/25/2021\"","Id":"x"}"#).unwrap();
        assert!(record.parameters.is_empty());
        assert_eq!(record.id, "x");
    }

    #[test]
    fn keeps_what_stands_before_a_cut() {
        let mut record = AuditRecord::default();
        let text = r#"{"CreationTime":"2021-06-15T10:09:55","Id":"a","Parameters":[{"Name":"ForwardTo","Value":"x"},{"Name":"Na"#;
        assert!(record.read(text).is_err());
        assert_eq!((record.creation_time.as_ref(), record.id.as_ref()), ("2021-06-15T10:09:55", "a"));
        assert_eq!(AuditRecord::find(&record.parameters, "forwardto"), "x");
    }

    #[test]
    fn finds_the_user_agent() {
        for (text, agent) in [
            (r#"{"ExtendedProperties":[{"Name":"UserAgent","Value":"a"}],"ClientInfoString":"b"}"#, "a"),
            (r#"{"ExtendedProperties":[{"Name":"additionalDetails","Value":"{\"User-Agent\":\"a\"}"}]}"#, "a"),
            (r#"{"UserAgent":"a","ClientInfoString":"b"}"#, "a"),
            (r#"{"ClientInfoString":"b"}"#, "b"),
        ] {
            let mut record = AuditRecord::default();
            record.read(text).unwrap();
            assert_eq!(record.agent(), agent);
        }
    }
}
