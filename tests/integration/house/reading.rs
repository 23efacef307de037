//! What a file says, read from its syntax: what it names and how, what it writes, who answers.

mod walk;

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Block, Expr, Item, Stmt, UseTree, visit::Visit as _};

use super::{
    said::{Binding, Handler, Made, Mention, Module, Opening, Said, Schema, TableWrite, Way, What},
    syntax::{is_path_attribute, line, path_goes_on, said_in, tokens_of, words},
    writes,
};

/// Files that are only compiled for tests, named below the reading file's folder.
pub type TestFiles = Vec<String>;

/// Reads a file that stands at `path`.
pub fn read(file: &str, path: Vec<String>, text: &str) -> (Vec<Module>, TestFiles) {
    let parsed = syn::parse_file(text).unwrap_or_else(|e| panic!("{file}: {e}"));
    let mut reader = Reader {
        done: Vec::new(),
        module: Module {
            path,
            ..Module::default()
        },
        frames: Vec::new(),
        filters: 0,
        tests: Vec::new(),
        writing: writes::writing(&parsed.items, |f| f.attrs.iter().any(is_path_attribute)),
        queries: BTreeMap::new(),
        in_job: false,
    };
    for item in &parsed.items {
        if let Item::Fn(function) = item
            && let Some(Stmt::Expr(answer, None)) = function.block.stmts.last()
            && let Some(root) = reader.root(answer)
        {
            reader.queries.insert(function.sig.ident.to_string(), root);
        }
    }
    for item in &parsed.items {
        reader.visit_item(item);
    }
    let Reader {
        mut done,
        module,
        tests,
        ..
    } = reader;
    done.push(module);
    (done, tests)
}

/// The function that is being read.
struct Frame {
    name: String,
    handler: bool,
    /// What stands at the root of each local that is made of a path.
    lets: BTreeMap<String, Said>,
}

struct Reader {
    done: Vec<Module>,
    module: Module,
    frames: Vec<Frame>,
    /// How many conditions stand around what is read.
    filters: usize,
    tests: TestFiles,
    /// The file's functions that write, its handlers apart.
    writing: Vec<String>,
    /// What stands at the root of the queries that the file's functions answer.
    queries: BTreeMap<String, Said>,
    /// Whether a job's steps are being read.
    in_job: bool,
}

const CONDITIONS: [&str; 11] = [
    "filter",
    "or_filter",
    "having",
    "on",
    "and",
    "or",
    "not",
    "select",
    "order",
    "contains",
    "find",
];

const TRANSACTIONS: [&str; 6] = [
    "transaction",
    "immediate_transaction",
    "exclusive_transaction",
    "test_transaction",
    "begin_transaction",
    "build_transaction",
];

const WATCHED_METHODS: [&str; 6] = [
    "elapsed",
    "read_dir",
    "canonicalize",
    "symlink_metadata",
    "try_exists",
    "save_changes",
];

impl Reader {
    fn mention(&mut self, said: Said, way: Way, line: usize) {
        self.module.mentions.push(Mention { said, way, line });
    }

    fn within(&self) -> (String, bool) {
        let name = self.frames.last().map_or("", |f| &f.name).to_owned();
        (name, self.in_job || self.frames.iter().any(|f| f.handler))
    }

    fn open(&mut self, word: &str, line: usize) {
        let (within, by_handler) = self.within();
        self.module.openings.push(Opening {
            word: word.to_owned(),
            within,
            by_handler,
            line,
        });
    }

    fn import(&mut self, tree: &UseTree, before: &Said) {
        match tree {
            UseTree::Path(path) => {
                let mut said = before.clone();
                said.push(path.ident.to_string());
                self.import(&path.tree, &said);
            }
            UseTree::Name(name) => {
                let ident = name.ident.to_string();
                let mut said = before.clone();
                if ident != "self" {
                    said.push(ident);
                }
                self.mention(said.clone(), Way::Import, line(name));
                if let Some(name) = said.last().cloned() {
                    self.module.bindings.push(Binding { name, said });
                }
            }
            UseTree::Rename(name) => {
                let mut said = before.clone();
                if name.ident != "self" {
                    said.push(name.ident.to_string());
                }
                self.mention(said.clone(), Way::Import, line(name));
                self.module.bindings.push(Binding {
                    name: name.rename.to_string(),
                    said,
                });
            }
            UseTree::Glob(glob) => {
                self.mention(before.clone(), Way::Glob, line(glob));
                self.module.globs.push(before.clone());
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before);
                }
            }
        }
    }

    /// What stands at the root of a query.
    fn root(&self, expr: &Expr) -> Option<Said> {
        match expr {
            Expr::MethodCall(call) => self.root(&call.receiver),
            Expr::Reference(inner) => self.root(&inner.expr),
            Expr::Paren(inner) => self.root(&inner.expr),
            Expr::Call(call) => self.root(&call.func),
            Expr::Closure(closure) => self.root(&closure.body),
            Expr::Block(block) => match block.block.stmts.last() {
                Some(Stmt::Expr(expr, _)) => self.root(expr),
                _ => None,
            },
            Expr::Path(path) => {
                let said = words(&path.path);
                let [one] = said.as_slice() else {
                    return Some(said);
                };
                let known = self.frames.iter().rev().find_map(|f| f.lets.get(one));
                let known = known.or_else(|| self.queries.get(one));
                known.cloned()
            }
            _ => None,
        }
    }

    fn function(&mut self, name: &syn::Ident, attrs: &[Attribute], read: impl FnOnce(&mut Self)) {
        let handler = attrs.iter().any(is_path_attribute);
        self.frames.push(Frame {
            name: name.to_string(),
            handler,
            lets: BTreeMap::new(),
        });
        read(self);
        self.frames.pop();
    }

    /// A constant or a static.
    fn value(&mut self, name: &syn::Ident, ty: &syn::Type, read: impl FnOnce(&mut Self)) {
        let of = match ty {
            syn::Type::Path(path) => words(&path.path).pop(),
            _ => None,
        };
        let is_machine = of.is_some_and(|name| name == "Machine");
        self.module.has_machine |= is_machine;
        let said = name.to_string();
        let is_list = !matches!(ty, syn::Type::Path(_));
        let what = match said.as_str() {
            _ if is_machine && self.frames.is_empty() => Some(What::Machine),
            "CAPABILITIES" if is_list => Some(What::Capabilities),
            "JOBS" if is_list => Some(What::Jobs),
            "OPERATIONS" if is_list => Some(What::Operations),
            _ => None,
        };
        let before = self.module.mentions.len();
        read(self);
        if let Some(what) = what {
            self.make(what, vec![said], before, line(name));
        }
    }

    /// Something that has been read, with what was named in it since `before`.
    fn make(&mut self, what: What, said: Said, before: usize, line: usize) {
        let names = self.module.mentions[before..].to_vec();
        self.module.made.push(Made {
            what,
            said,
            names,
            line,
        });
    }

    fn handler(&mut self, sig: &syn::Signature, attrs: &[Attribute], body: &Block) {
        let Some(attribute) = attrs.iter().find(|a| is_path_attribute(a)) else {
            return;
        };
        let takes_key = sig.inputs.iter().any(|input| match input {
            syn::FnArg::Typed(typed) => is_key(&typed.ty),
            syn::FnArg::Receiver(_) => false,
        });
        self.module.handlers.push(Handler {
            name: sig.ident.to_string(),
            operation: said_in(attribute, "operation_id").unwrap_or_default(),
            takes_key,
            writes: writes::most(body, &self.writing),
            line: line(&sig.ident),
        });
    }

    /// Paths in tokens that are no expressions; `anywhere` also those that begin with a plain name.
    fn scan(&mut self, tokens: TokenStream, anywhere: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.scan(group.stream(), anywhere),
                TokenTree::Literal(literal) if anywhere => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.sql(&text.value(), literal.span().start().line);
                    }
                }
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let path = text.trim_matches('"').split("::").map(str::to_owned);
                    let path: Said = path.collect();
                    if path[0] == "crate" || path[0] == "super" {
                        self.mention(path, Way::Inline, literal.span().start().line);
                    }
                }
                TokenTree::Ident(ident) => {
                    let mut said = vec![ident.to_string()];
                    while let Some(next) = path_goes_on(&tokens, at + 1) {
                        said.push(next);
                        at += 3;
                    }
                    let leads = matches!(said[0].as_str(), "crate" | "super" | "self")
                        || said[0].starts_with("dengwen");
                    if anywhere && said.len() == 1 {
                        self.word(&said[0], &tokens, at + 1);
                    }
                    if said.len() > 1 && (anywhere || leads) {
                        self.mention(said, Way::Inline, ident.span().start().line);
                    }
                }
                TokenTree::Punct(_) => {}
            }
            at += 1;
        }
    }

    /// A call in tokens that could not be read as an expression.
    fn word(&mut self, word: &str, tokens: &[TokenTree], after: usize) {
        let Some(TokenTree::Group(group)) = tokens.get(after) else {
            return;
        };
        let line = group.span().start().line;
        let first = group.stream().into_iter().next().map(|t| t.to_string());
        let takes_closure = matches!(first.as_deref(), Some("move" | "|"));
        if TRANSACTIONS.contains(&word) || (word.starts_with("write") && takes_closure) {
            self.open(word, line);
        }
        if writes::BEGINNINGS.contains(&word) {
            self.module.table_writes.push(TableWrite {
                by: None,
                target: None,
                in_sql: None,
                line,
            });
        }
    }

    fn sql(&mut self, text: &str, line: usize) {
        for table in writes::tables_written(text) {
            self.module.table_writes.push(TableWrite {
                by: None,
                target: None,
                in_sql: Some(table),
                line,
            });
        }
        if matches!(text.split_whitespace().next(), Some("BEGIN" | "SAVEPOINT")) && text.len() < 40
        {
            self.open("BEGIN", line);
        }
    }

    fn schema(&mut self, attrs: &[Attribute], name: &syn::Ident) {
        let derived = attrs
            .iter()
            .any(|a| a.path().is_ident("derive") && tokens_of(a).contains("ToSchema"));
        let renamed = attrs
            .iter()
            .any(|a| a.path().is_ident("schema") && said_in(a, "as").is_some());
        if derived && !renamed {
            self.module.schemas.push(Schema {
                name: name.to_string(),
                line: line(name),
            });
        }
    }
}

/// Whether a parameter is the key of a request, by itself or among others.
fn is_key(parameter: &syn::Type) -> bool {
    match parameter {
        syn::Type::Path(path) => words(&path.path)
            .last()
            .is_some_and(|name| name == "IdempotencyKey"),
        syn::Type::Tuple(several) => several.elems.iter().any(is_key),
        _ => false,
    }
}
