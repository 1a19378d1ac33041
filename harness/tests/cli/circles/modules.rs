//! Which file of a package knows which: by every path in its source, followed to the file that defines what it names.
//!
//! What is there for unit tests alone does not count. Handing on with `pub use` is no knowledge: whoever takes from there
//! knows the file behind it. A value that is only called by its methods is not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, Lit, Meta, UseTree, Visibility};

/// For each file those that it knows.
pub(super) type Knows = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// A path of names; that of a module begins at its package's root.
type Names = Vec<String>;

/// The modules of one executable or library.
#[derive(Default)]
pub(super) struct Modules {
    files: BTreeMap<Names, PathBuf>,
    /// By module and name, what a `use` there makes the name stand for.
    imported: BTreeMap<(Names, String), Names>,
    /// Paths, and the modules that they stand in.
    named: Vec<(Names, Names)>,
}

impl Modules {
    /// All that `root` leads to, where `text` is what a file holds.
    pub(super) fn read(root: &Path, text: &dyn Fn(&Path) -> Option<String>) -> Modules {
        let mut modules = Modules::default();
        modules.add(Names::new(), root, text);
        modules
    }

    fn add(&mut self, module: Names, path: &Path, text: &dyn Fn(&Path) -> Option<String>) {
        let source = text(path).unwrap_or_else(|| panic!("{} cannot be read", path.display()));
        let source = syn::parse_file(&source).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.files.insert(module.clone(), path.to_path_buf());
        let mut reader = Reader { path: path.to_path_buf(), module, children: Vec::new(), modules: self };
        reader.visit_file(&source);
        for Child { module, written } in reader.children {
            let places = match written {
                Some(written) => vec![path.with_file_name(written)],
                None => usual_places(path, &module),
            };
            let place = places.iter().find(|place| text(place).is_some());
            self.add(module, place.unwrap_or_else(|| panic!("none of {places:?} is there")), text);
        }
    }

    /// For each file those that it knows.
    pub(super) fn knows(&self) -> Knows {
        let mut knows = Knows::new();
        for (module, path) in &self.named {
            let (file, known) = (&self.files[module], self.defined(module, path));
            let known = known.filter(|known| *known != file);
            knows.entry(file.clone()).or_default().extend(known.cloned());
        }
        knows
    }

    /// The file that defines what `path` names in `module`; none where that is a module, or not of this package.
    fn defined(&self, module: &[String], path: &[String]) -> Option<&PathBuf> {
        let mut path = self.absolute(module, path)?;
        // Each is followed once, should imports lead round in a circle.
        let mut followed = BTreeSet::new();
        loop {
            let inside = (0..=path.len()).rev().find(|&length| self.files.contains_key(&path[..length]))?;
            let (module, rest) = path.split_at(inside);
            let (name, rest) = rest.split_first()?;
            let import = (module.to_vec(), name.clone());
            match self.imported.get(&import) {
                Some(target) => path = [self.absolute(module, target)?.as_slice(), rest].concat(),
                None => return self.files.get(module),
            }
            if !followed.insert(import) {
                return None;
            }
        }
    }

    /// A path that stands in `module`, from the package's root; none where it begins with another package, or a local name.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Names> {
        let (first, after) = path.split_first()?;
        let (parent, rest) = match first.as_str() {
            "crate" => (&[][..], after),
            "self" => (module, after),
            "super" => {
                let up = path.iter().take_while(|name| *name == "super").count();
                (&module[..module.len().checked_sub(up)?], &path[up..])
            }
            _ => {
                let child = [module, &path[..1]].concat();
                let own = self.files.contains_key(&child)
                    || self.imported.contains_key(&(module.to_vec(), first.clone()));
                own.then_some((module, path))?
            }
        };
        Some([parent, rest].concat())
    }
}

fn usual_places(parent: &Path, module: &[String]) -> Vec<PathBuf> {
    let (name, above) = module.split_last().expect("the root is nobody's child");
    let folder = match parent.ends_with("mod.rs") || above.is_empty() {
        true => parent.with_file_name(""),
        false => parent.with_extension(""),
    };
    vec![folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")]
}

/// A module in a file of its own.
struct Child {
    module: Names,
    /// Its file's name, where an attribute says it.
    written: Option<String>,
}

/// Goes through a file.
struct Reader<'a> {
    path: PathBuf,
    module: Names,
    children: Vec<Child>,
    modules: &'a mut Modules,
}

impl Reader<'_> {
    fn import(&mut self, tree: &UseTree, before: &[String], hands_on: bool) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        let (alias, path) = match tree {
            UseTree::Path(path) => return self.import(&path.tree, &with(&path.ident), hands_on),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(tree, before, hands_on));
            }
            UseTree::Name(name) if name.ident == "self" => (before.last().cloned(), before.to_vec()),
            UseTree::Name(name) => (Some(name.ident.to_string()), with(&name.ident)),
            UseTree::Rename(rename) => (Some(rename.rename.to_string()), with(&rename.ident)),
            UseTree::Glob(_) => (None, [before, &["*".to_string()]].concat()),
        };
        if let Some(alias) = alias {
            self.modules.imported.insert((self.module.clone(), alias), path.clone());
        }
        if !hands_on {
            self.name(path);
        }
    }

    fn name(&mut self, path: Names) {
        self.modules.named.push((self.module.clone(), path));
    }

    /// Names the paths among the tokens of a macro or an attribute, which mean what only they know.
    fn tokens(&mut self, tokens: String) {
        static PATH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\w+( *:: *\w+)+").unwrap());
        for path in PATH.find_iter(&tokens) {
            self.name(path.as_str().split("::").map(|name| name.trim().to_string()).collect());
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        match item.content {
            Some(_) => {
                self.modules.files.insert(self.module.clone(), self.path.clone());
                visit::visit_item_mod(self, item);
            }
            None => {
                let written = item.attrs.iter().find_map(written_path);
                self.children.push(Child { module: self.module.clone(), written });
            }
        }
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let hands_on = !matches!(item.vis, Visibility::Inherited);
        self.import(&item.tree, &[], hands_on);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.name(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.tokens(called.tokens.to_string());
        visit::visit_macro(self, called);
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.tokens(list.tokens.to_string());
    }

    /// Who may see something is not who is known.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

fn is_for_tests(attribute: &Attribute) -> bool {
    matches!(&attribute.meta, Meta::List(list) if list.path.is_ident("cfg") && list.tokens.to_string() == "test")
}

fn written_path(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        Expr::Lit(literal) if pair.path.is_ident("path") => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
