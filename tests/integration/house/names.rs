//! Where names lead: `use` trees, re-exports and paths followed to the file that says what they name.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    reading::{self, TestFiles},
    said::{Binding, Mention, Module, Said, Way},
    tree::{self, Tree},
};

/// How often a name may lead on before it is given up.
const PATIENCE: usize = 16;

/// A module of the tree, its crate's name leading its path.
#[derive(Debug)]
pub struct Node {
    /// The file it stands in; none for a folder that has no file of its own.
    pub file: Option<String>,
    pub module: Module,
    children: BTreeMap<String, usize>,
    parent: Option<usize>,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// To a module of the tree.
    Module(usize),
    /// To what a module of the tree holds.
    Item(usize, Said),
    /// Out of the tree, into a library.
    Library(Said),
}

/// A tree that has been read.
#[derive(Debug)]
pub struct House {
    pub nodes: Vec<Node>,
    /// The rooms that have files.
    pub rooms: BTreeSet<String>,
    /// Detours of files that are only compiled for tests, each with its file and line.
    pub detours_of_tests: Vec<(String, String, usize)>,
    crates: BTreeMap<String, usize>,
}

impl House {
    /// Reads a tree. What is only compiled for tests is left out, but for where it leaves the tree.
    pub fn of(tree: &Tree) -> Self {
        let mut read: Vec<(String, String, Vec<Module>)> = Vec::new();
        let mut for_tests = BTreeSet::new();
        for (file, text) in tree {
            let (krate, path) = tree::place(file);
            let (modules, tests) = reading::read(file, path, text);
            for_tests.extend(files_of_tests(file, &tests, tree));
            read.push((file.clone(), krate, modules));
        }
        let rooms = tree
            .keys()
            .map(|file| tree::room(file).to_owned())
            .collect();
        let mut house = Self {
            nodes: Vec::new(),
            rooms,
            detours_of_tests: Vec::new(),
            crates: BTreeMap::new(),
        };
        for (file, krate, modules) in read {
            if for_tests.contains(&file) {
                let detours = modules.into_iter().flat_map(|module| module.detours);
                let told = detours.map(|(detour, line)| (file.clone(), detour, line));
                house.detours_of_tests.extend(told);
                continue;
            }
            for module in modules {
                let at = house.node(&krate, &module.path);
                house.nodes[at].module = module;
                house.nodes[at].file = Some(file.clone());
            }
        }
        house
    }

    fn node(&mut self, krate: &str, path: &[String]) -> usize {
        let Some((last, before)) = path.split_last() else {
            if let Some(at) = self.crates.get(krate) {
                return *at;
            }
            self.crates.insert(krate.to_owned(), self.nodes.len());
            return self.add(None);
        };
        let parent = self.node(krate, before);
        if let Some(at) = self.nodes[parent].children.get(last) {
            return *at;
        }
        let at = self.add(Some(parent));
        self.nodes[parent].children.insert(last.clone(), at);
        at
    }

    fn add(&mut self, parent: Option<usize>) -> usize {
        let (module, children) = (Module::default(), BTreeMap::new());
        self.nodes.push(Node {
            file: None,
            module,
            children,
            parent,
        });
        self.nodes.len() - 1
    }

    /// The modules that stand in files.
    pub fn written(&self) -> impl Iterator<Item = (usize, &str, &Module)> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter_map(|(at, node)| Some((at, node.file.as_deref()?, &node.module)))
    }

    /// Where what is named leads. What is imported and not of the tree is a library's.
    pub fn lead_of(&self, from: usize, mention: &Mention) -> Option<Place> {
        let place = self.lead(from, &mention.said);
        match mention.way {
            Way::Inline => place,
            Way::Import | Way::Glob => place.or_else(|| self.outside(&mention.said, PATIENCE)),
        }
    }

    /// Where a path that is said in a module leads; nowhere for locals and what the language brings.
    pub fn lead(&self, from: usize, said: &[String]) -> Option<Place> {
        self.follow(from, said, PATIENCE)
    }

    fn follow(&self, from: usize, said: &[String], patience: usize) -> Option<Place> {
        let patience = patience.checked_sub(1)?;
        let (first, rest) = said.split_first()?;
        match first.as_str() {
            "::" => return self.outside(rest, patience),
            "crate" => return self.descend(self.root(from), rest, patience),
            "self" => return self.descend(from, rest, patience),
            "super" => return self.follow_super(from, rest, patience),
            "Self" => return None,
            _ => {}
        }
        let node = &self.nodes[from];
        if let Some(bound) = node
            .module
            .bindings
            .iter()
            .find(|b| b.name == *first && b.said != said[..1])
        {
            let target = self.follow_bound(from, &bound.said, patience)?;
            return self.go_on(target, rest, patience);
        }
        if let Some(child) = node.children.get(first) {
            return self.descend(*child, rest, patience);
        }
        if node.module.items.contains(first) {
            return Some(Place::Item(from, said.to_vec()));
        }
        if let Some(place) = self.by_glob(from, said, patience) {
            return Some(place);
        }
        if self.crates.contains_key(first) || !rest.is_empty() {
            return self.outside(said, patience);
        }
        None
    }

    /// A binding's own path does not begin with the name that it binds.
    fn follow_bound(&self, from: usize, said: &[String], patience: usize) -> Option<Place> {
        let names_itself = |b: &Binding| b.name == said[0] && b.said[0] == said[0];
        let node = &self.nodes[from];
        if node.module.bindings.iter().any(names_itself) && !node.children.contains_key(&said[0]) {
            return self.outside(said, patience);
        }
        self.follow(from, said, patience)
            .or_else(|| self.outside(said, patience))
    }

    fn follow_super(&self, from: usize, rest: &[String], patience: usize) -> Option<Place> {
        let parent = self.nodes[from].parent?;
        match rest.first().map(String::as_str) {
            Some("super") => self.follow_super(parent, &rest[1..], patience),
            _ => self.descend(parent, rest, patience),
        }
    }

    fn outside(&self, said: &[String], patience: usize) -> Option<Place> {
        let (krate, rest) = said.split_first()?;
        match self.crates.get(krate) {
            Some(root) => self.descend(*root, rest, patience),
            None => Some(Place::Library(said.to_vec())),
        }
    }

    fn go_on(&self, place: Place, rest: &[String], patience: usize) -> Option<Place> {
        match place {
            Place::Module(at) => self.descend(at, rest, patience),
            Place::Item(at, mut said) => {
                said.extend(rest.iter().cloned());
                Some(Place::Item(at, said))
            }
            Place::Library(mut said) => {
                said.extend(rest.iter().cloned());
                Some(Place::Library(said))
            }
        }
    }

    fn descend(&self, at: usize, rest: &[String], patience: usize) -> Option<Place> {
        let Some((first, after)) = rest.split_first() else {
            return Some(Place::Module(at));
        };
        let node = &self.nodes[at];
        if let Some(child) = node.children.get(first) {
            return self.descend(*child, after, patience);
        }
        let bound = node.module.bindings.iter().find(|b| b.name == *first);
        if let Some(bound) = bound
            && let Some(patience) = patience.checked_sub(1)
            && let Some(target) = self.follow_bound(at, &bound.said, patience)
        {
            return self.go_on(target, after, patience);
        }
        if let Some(place) = self.by_glob(at, rest, patience) {
            return Some(place);
        }
        Some(Place::Item(at, rest.to_vec()))
    }

    /// What a glob of a module brings under the first name.
    fn by_glob(&self, at: usize, said: &[String], patience: usize) -> Option<Place> {
        let patience = patience.checked_sub(1)?;
        for glob in &self.nodes[at].module.globs {
            let place = self.follow(at, glob, patience);
            let Some(Place::Module(of)) = place else {
                continue;
            };
            let node = &self.nodes[of];
            let brings = node.children.contains_key(&said[0])
                || node.module.items.contains(&said[0])
                || node.module.bindings.iter().any(|b| b.name == said[0]);
            if of != at && brings {
                return self.descend(of, said, patience);
            }
        }
        None
    }

    fn root(&self, mut at: usize) -> usize {
        while let Some(parent) = self.nodes[at].parent {
            at = parent;
        }
        at
    }

    /// How far a module stands below its crate's root.
    pub fn depth(&self, mut at: usize) -> usize {
        let mut depth = 0;
        while let Some(parent) = self.nodes[at].parent {
            at = parent;
            depth += 1;
        }
        depth
    }

    /// The file a place stands in.
    pub fn file_of(&self, place: &Place) -> Option<&str> {
        match place {
            Place::Module(at) | Place::Item(at, _) => self.nodes[*at].file.as_deref(),
            Place::Library(_) => None,
        }
    }

    /// A place's whole path, its crate leading.
    pub fn spelled(&self, place: &Place) -> Said {
        match place {
            Place::Module(at) => self.path_of(*at),
            Place::Item(at, rest) => {
                let mut path = self.path_of(*at);
                path.extend(rest.iter().cloned());
                path
            }
            Place::Library(said) => said.clone(),
        }
    }

    fn path_of(&self, at: usize) -> Said {
        let Some(parent) = self.nodes[at].parent else {
            let named = self.crates.iter().find(|(_, root)| **root == at);
            return named.map(|(name, _)| name.clone()).into_iter().collect();
        };
        let mut path = self.path_of(parent);
        let children = &self.nodes[parent].children;
        path.extend(
            children
                .iter()
                .find(|(_, child)| **child == at)
                .map(|(name, _)| name.clone()),
        );
        path
    }
}

/// The files of modules that are only compiled for tests.
fn files_of_tests(file: &str, tests: &TestFiles, tree: &Tree) -> Vec<String> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let own = file.trim_end_matches(".rs");
    let below = match own.rsplit('/').next() {
        Some("mod" | "lib" | "main") => folder,
        _ => own,
    };
    let named = tests
        .iter()
        .flat_map(|name| match name.strip_suffix(".rs") {
            Some(_) => vec![format!("{folder}/{name}")],
            None => vec![
                format!("{below}/{name}.rs"),
                format!("{below}/{name}/mod.rs"),
            ],
        });
    named.filter(|name| tree.contains_key(name)).collect()
}
