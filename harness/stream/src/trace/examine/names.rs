//! The names of the fields of records, and which of them are data: an object whose keys are users has other names in each.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::delivery;
use crate::trace::id::is_below;

/// Names of fields that are told apart, and objects.
const MOST_NAMES: usize = 1 << 10;
const OTHERS: &str = "other fields";

/// A name is data if fewer than one in so many of the records have it that have the object around it.
const RARE: u64 = 10;

/// So many keys of which none is in nearly all objects are those of a map.
const MANY: usize = 8;

/// The record itself, among the objects.
const RECORD: u16 = 0;

/// What the names of fields are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Names of columns, which all rows have.
    Columns,
    /// Keys of objects, which may be data.
    Keys,
}

/// The names of fields in the order in which they were met, those of the key first.
pub(super) struct Names {
    all: Vec<Name>,
    numbers: HashMap<String, u16, FixedState>,
    /// The objects around fields, the record first.
    objects: Vec<Object>,
    object_numbers: HashMap<String, u16, FixedState>,
    records: u64,
    /// So many names are of the key.
    key: u16,
    /// What was met at each position of the record before: the next one is likely to have the same.
    at: Vec<u16>,
    key_is_of_place: bool,
    of_delivery: Vec<String>,
    kind: Kind,
}

struct Name {
    text: String,
    /// Whether deliveries of one ping differ in it.
    of_delivery: bool,
    object: u16,
    /// Records that have it.
    records: u64,
}

struct Object {
    above: u16,
    records: u64,
    /// The last record that has it.
    last: u64,
}

impl Names {
    pub(super) fn new(key: &[String], of_delivery: Vec<String>, kind: Kind) -> Self {
        let mut names = Names {
            all: Vec::new(),
            numbers: HashMap::default(),
            objects: vec![Object { above: RECORD, records: 0, last: 0 }],
            object_numbers: HashMap::default(),
            records: 0,
            key: 0,
            at: Vec::new(),
            key_is_of_place: key.iter().any(|field| delivery::is_place(field)),
            of_delivery,
            kind,
        };
        for name in key {
            names.look_up(name);
        }
        names.key = names.all.len() as u16;
        names
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn text(&self, number: u16) -> &str {
        &self.all[usize::from(number)].text
    }

    pub(super) fn is_of_delivery(&self, number: u16) -> bool {
        self.all[usize::from(number)].of_delivery
    }

    pub(super) fn find(&self, name: &str) -> Option<u16> {
        self.numbers.get(name).copied()
    }

    /// Begins a record.
    pub(super) fn begin(&mut self) {
        self.records += 1;
        self.objects[usize::from(RECORD)].records += 1;
    }

    /// The number of the field that is met at `position` of the record; none of a field of the key.
    pub(super) fn number(&mut self, position: usize, name: &str) -> Option<u16> {
        let before = self.at.get(position).copied();
        let number = match before.filter(|number| self.all[usize::from(*number)].text == name) {
            Some(number) => number,
            None => self.met(position, name),
        };
        let object = match &mut self.all[usize::from(number)] {
            known if known.text == name => {
                known.records += 1;
                known.object
            }
            _ => self.object_of(name),
        };
        self.see_object(object);
        (number >= self.key).then_some(number)
    }

    fn see_object(&mut self, mut number: u16) {
        while number != RECORD {
            let object = &mut self.objects[usize::from(number)];
            if object.last == self.records {
                return;
            }
            (object.last, object.records) = (self.records, object.records + 1);
            number = object.above;
        }
    }

    fn met(&mut self, position: usize, name: &str) -> u16 {
        let number = self.look_up(name);
        match self.at.get_mut(position) {
            Some(before) => *before = number,
            None if position < MOST_NAMES => self.at.push(number),
            None => {}
        }
        number
    }

    fn look_up(&mut self, name: &str) -> u16 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let name = if self.all.len() < MOST_NAMES { name } else { OTHERS };
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.all.len() as u16;
        let of_delivery = self.of_delivery.iter().any(|field| is_below(name, field))
            || delivery::is_time(name)
            || delivery::is_transport(name) && !(self.key_is_of_place && delivery::is_place(name));
        let object = self.object_of(name);
        self.all.push(Name { text: name.to_string(), of_delivery, object, records: 0 });
        self.numbers.insert(name.to_string(), number);
        number
    }

    /// The innermost object around a field that is told apart.
    fn object_of(&mut self, name: &str) -> u16 {
        let mut innermost = RECORD;
        for (end, _) in name.match_indices('.') {
            innermost = match self.object_numbers.get(&name[..end]) {
                Some(number) => *number,
                None if self.objects.len() < MOST_NAMES => self.new_object(&name[..end], innermost),
                None => return innermost,
            };
        }
        innermost
    }

    fn new_object(&mut self, name: &str, above: u16) -> u16 {
        let number = self.objects.len() as u16;
        self.objects.push(Object { above, records: 0, last: 0 });
        self.object_numbers.insert(name.to_string(), number);
        number
    }

    /// From which part on `name` is data: a name that hardly any record has which has the object around it, or one of an object
    /// that has no name in common with half of the others.
    pub(super) fn depth_of_data(&self, name: &str) -> Option<usize> {
        if self.kind == Kind::Columns {
            return None;
        }
        let ends: Vec<usize> = name.match_indices('.').map(|(end, _)| end).chain([name.len()]).collect();
        let mut around = RECORD;
        for (depth, end) in ends.iter().enumerate() {
            let object = self.object_numbers.get(&name[..*end]).copied();
            let leaf = self.find(&name[..*end]).filter(|_| *end == name.len());
            let have = match (object, leaf) {
                (_, Some(leaf)) => self.all[usize::from(leaf)].records,
                (Some(object), None) => self.objects[usize::from(object)].records,
                (None, None) => return None,
            };
            if have * RARE < self.objects[usize::from(around)].records || self.is_of_data(around) {
                return Some(depth);
            }
            around = object.unwrap_or(around);
        }
        None
    }

    /// Whether the keys of an object are data: there are several, and not half of the objects have any one; or there are many,
    /// and none that nearly all of the objects have.
    fn is_of_data(&self, object: u16) -> bool {
        if object == RECORD {
            return false;
        }
        let fields = self.all.iter().filter(|name| name.object == object).map(|name| name.records);
        let objects = self.objects.iter().skip(1).filter(|inner| inner.above == object);
        let have: Vec<u64> = fields.chain(objects.map(|inner| inner.records)).collect();
        let most = have.iter().copied().max().unwrap_or(0);
        let records = self.objects[usize::from(object)].records;
        have.len() > 1 && most * 2 < records || have.len() >= MANY && most * 10 <= records * 9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was met in these records, each a list of names.
    fn met(kind: Kind, records: impl IntoIterator<Item = Vec<String>>) -> Names {
        let mut names = Names::new(&["id".to_string()], Vec::new(), kind);
        for record in records {
            names.begin();
            for (position, name) in record.iter().enumerate() {
                names.number(position, name);
            }
        }
        names
    }

    fn record(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn a_name_that_hardly_any_record_has_is_data_though_it_reads_as_a_word() {
        let users = |n: usize| vec!["id".into(), format!("by_user.u{n}"), "page.url".into()];
        for count in [100, 5_000] {
            let one = record(&["id", "by_user.al", "page.url"]);
            let names = met(Kind::Keys, [one].into_iter().chain((0..count).map(users)));
            assert_eq!(names.depth_of_data("by_user.al"), Some(1), "of {count}");
            assert_eq!(names.depth_of_data("by_user.u7"), Some(1));
            assert_eq!(names.depth_of_data("page.url"), None);
        }
        // One that many records have is still one of many.
        let heavy = |n: usize| if n.is_multiple_of(5) { record(&["id", "by_user.al"]) } else { users(n) };
        assert_eq!(met(Kind::Keys, (0..5_000).map(heavy)).depth_of_data("by_user.al"), Some(1));
        let at_top = |n: usize| if n == 5 { record(&["id", "al", "v"]) } else { record(&["id", "v"]) };
        let names = met(Kind::Keys, (0..100).map(at_top));
        assert_eq!((names.depth_of_data("al"), names.depth_of_data("v")), (Some(0), None));
        let columns = met(Kind::Columns, (0..100).map(at_top));
        assert_eq!(columns.depth_of_data("al"), None);
    }

    #[test]
    fn objects_that_have_no_key_in_common_are_of_data_with_all_that_is_in_them() {
        let users = |n: usize| {
            let user = ["al", "bo", "cy"][n % 3];
            vec!["id".into(), format!("a.by_user.{user}.clicks"), "a.kind".into()]
        };
        let names = met(Kind::Keys, (0..30).map(users));
        assert_eq!(names.depth_of_data("a.by_user.bo.clicks"), Some(2));
        assert_eq!(names.depth_of_data("a.kind"), None);
    }

    #[test]
    fn many_keys_of_which_none_is_in_nearly_all_objects_are_of_data_though_half_have_each() {
        let dense = |users: usize, each: usize| {
            move |n: usize| {
                let user = |k: usize| format!("by_user.u{}", (n + k) % users);
                [vec!["id".to_string()], (0..each).map(user).collect()].concat()
            }
        };
        for each in [5, 9] {
            let names = met(Kind::Keys, (0..100).map(dense(10, each)));
            assert_eq!(names.depth_of_data("by_user.u3"), Some(1), "{each} of 10");
        }
        // All have them all: as the fields of an object.
        assert_eq!(met(Kind::Keys, (0..100).map(dense(10, 10))).depth_of_data("by_user.u3"), None);
    }

    #[test]
    fn fields_that_some_records_have_are_fields() {
        let kinds = |n: usize| match n % 4 {
            0 => record(&["id", "kind", "data.type", "data.order.total"]),
            1 => record(&["id", "kind", "data.type", "data.note"]),
            _ => record(&["id", "kind", "data.type"]),
        };
        let names = met(Kind::Keys, (0..40).map(kinds));
        for name in ["kind", "data.type", "data.order.total", "data.note"] {
            assert_eq!(names.depth_of_data(name), None, "{name}");
        }
    }
}
