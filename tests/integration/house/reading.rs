//! What a file says, read from its syntax: what it names and how, what it writes, who answers.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Block, Expr, Item, Meta, Pat, Stmt, Token, UseTree,
    parse::Parser as _,
    punctuated::Punctuated,
    visit::{self, Visit},
};

use super::writes;

/// How a path is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In a `use`.
    Import,
    /// In a `use`, with everything below it.
    Glob,
    /// Where it is needed.
    Inline,
}

/// A path as it is written; a leading `::` is a part of its own.
pub type Said = Vec<String>;

/// A path that is named.
#[derive(Debug, Clone)]
pub struct Mention {
    pub said: Said,
    pub way: Way,
    pub line: usize,
}

/// A name that a module gives to a path by `use`, `extern crate` or `type`.
#[derive(Debug, Clone)]
pub struct Binding {
    pub name: String,
    pub said: Said,
}

/// A table that is inserted into, updated or deleted from.
#[derive(Debug, Clone)]
pub struct TableWrite {
    /// The function that begins it, where it is diesel's.
    pub by: Option<Said>,
    /// What stands at the root of its target: `job::table`.
    pub target: Option<Said>,
    /// The table, where it is written in SQL.
    pub in_sql: Option<String>,
    pub line: usize,
}

/// A column `state` that is given a value.
#[derive(Debug, Clone)]
pub struct StateWrite {
    /// The column; of a struct that is inserted, its table and `state`.
    pub column: Said,
    /// The function or struct around it.
    pub within: String,
    pub line: usize,
}

/// A transaction that is opened.
#[derive(Debug, Clone)]
pub struct Opening {
    pub word: String,
    pub within: String,
    /// Whether a handler opens it, or a job.
    pub by_handler: bool,
    pub line: usize,
}

/// A function that answers a request.
#[derive(Debug, Clone)]
pub struct Handler {
    pub name: String,
    /// Its operation id.
    pub operation: String,
    /// Whether it takes an `Idempotency-Key`.
    pub takes_key: bool,
    /// The most writes on one way through it.
    pub writes: usize,
    pub line: usize,
}

/// A type with a schema in the document, under its bare name.
#[derive(Debug, Clone)]
pub struct Schema {
    pub name: String,
    pub line: usize,
}

/// A table of the schema.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: String,
    pub columns: Vec<String>,
}

/// A module of a file: the file's own or one within.
#[derive(Debug, Clone, Default)]
pub struct Module {
    pub path: Vec<String>,
    pub bindings: Vec<Binding>,
    pub globs: Vec<Said>,
    pub items: Vec<String>,
    pub mentions: Vec<Mention>,
    pub table_writes: Vec<TableWrite>,
    pub state_writes: Vec<StateWrite>,
    pub openings: Vec<Opening>,
    pub handlers: Vec<Handler>,
    pub schemas: Vec<Schema>,
    pub tables: Vec<Table>,
    /// Methods that read the clock or the disk, with their lines.
    pub calls: Vec<(String, usize)>,
    /// Detours around the module tree: `#[path]`, `include!`.
    pub detours: Vec<(String, usize)>,
    /// Whether it holds a transition table.
    pub has_machine: bool,
}

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

fn words(path: &syn::Path) -> Said {
    let colons = path.leading_colon.iter().map(|_| "::".to_owned());
    colons
        .chain(path.segments.iter().map(|s| s.ident.to_string()))
        .collect()
}

fn line(spanned: &impl syn::spanned::Spanned) -> usize {
    spanned.span().start().line
}

fn attrs_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(i) => &i.attrs,
        Item::Enum(i) => &i.attrs,
        Item::ExternCrate(i) => &i.attrs,
        Item::Fn(i) => &i.attrs,
        Item::Impl(i) => &i.attrs,
        Item::Macro(i) => &i.attrs,
        Item::Mod(i) => &i.attrs,
        Item::Static(i) => &i.attrs,
        Item::Struct(i) => &i.attrs,
        Item::Trait(i) => &i.attrs,
        Item::Type(i) => &i.attrs,
        Item::Use(i) => &i.attrs,
        _ => &[],
    }
}

fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(i) => &i.ident,
        Item::Enum(i) => &i.ident,
        Item::Fn(i) => &i.sig.ident,
        Item::Macro(i) => i.ident.as_ref()?,
        Item::Static(i) => &i.ident,
        Item::Struct(i) => &i.ident,
        Item::Trait(i) => &i.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

fn tokens_of(attribute: &Attribute) -> String {
    match &attribute.meta {
        Meta::List(list) => list.tokens.to_string(),
        _ => String::new(),
    }
}

fn is_for_tests(attrs: &[Attribute]) -> bool {
    attrs
        .iter()
        .any(|a| a.path().is_ident("cfg") && tokens_of(a) == "test" || a.path().is_ident("test"))
}

/// The value of `name = "…"` in an attribute.
fn said_in(attribute: &Attribute, name: &str) -> Option<String> {
    let tokens = tokens_of(attribute);
    let (_, rest) = tokens.split_once(&format!("{name} = "))?;
    let end = rest.trim_start_matches('"').find(['"', ',']);
    Some(
        rest.trim_start_matches('"')[..end.unwrap_or(rest.len())]
            .trim()
            .to_owned(),
    )
}

fn is_path_attribute(attribute: &Attribute) -> bool {
    let path = words(attribute.path());
    path == ["utoipa", "path"]
}

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

    fn handler(&mut self, sig: &syn::Signature, attrs: &[Attribute], body: &Block) {
        let Some(attribute) = attrs.iter().find(|a| is_path_attribute(a)) else {
            return;
        };
        let takes_key = sig.inputs.iter().any(|input| match input {
            syn::FnArg::Typed(typed) => match &*typed.ty {
                syn::Type::Path(path) => words(&path.path)
                    .last()
                    .is_some_and(|n| n == "IdempotencyKey"),
                _ => false,
            },
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
}

/// The table that `diesel::table!` declares: `name (key) { column -> Type, }`.
fn table_of(tokens: TokenStream) -> Option<Table> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let [
        ..,
        TokenTree::Ident(name),
        TokenTree::Group(_),
        TokenTree::Group(columns),
    ] = tokens.as_slice()
    else {
        return None;
    };
    let columns: Vec<TokenTree> = columns.stream().into_iter().collect();
    let named = columns.windows(2).filter_map(|pair| match pair {
        [TokenTree::Ident(column), TokenTree::Punct(arrow)] if arrow.as_char() == '-' => {
            Some(column.to_string())
        }
        _ => None,
    });
    Some(Table {
        name: name.to_string(),
        columns: named.collect(),
    })
}

/// The name after `::` at `at`.
fn path_goes_on(tokens: &[TokenTree], at: usize) -> Option<String> {
    let is_colon =
        |t: Option<&TokenTree>| matches!(t, Some(TokenTree::Punct(p)) if p.as_char() == ':');
    match tokens.get(at + 2) {
        Some(TokenTree::Ident(next))
            if is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1)) =>
        {
            Some(next.to_string())
        }
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let attrs = attrs_of(item);
        let for_tests = is_for_tests(attrs);
        if let Item::Mod(module) = item {
            let path = attrs.iter().find(|a| a.path().is_ident("path"));
            let elsewhere = path.and_then(|a| match &a.meta {
                Meta::NameValue(v) => match &v.value {
                    Expr::Lit(syn::ExprLit {
                        lit: syn::Lit::Str(text),
                        ..
                    }) => Some(text.value()),
                    _ => None,
                },
                _ => None,
            });
            if for_tests {
                self.tests
                    .push(elsewhere.unwrap_or_else(|| module.ident.to_string()));
            } else if elsewhere.is_some() {
                self.module
                    .detours
                    .push(("#[path]".to_owned(), line(module)));
            }
        }
        if for_tests {
            return;
        }
        self.module.items.extend(name_of(item));
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let Some((_, items)) = &module.content else {
            return;
        };
        let mut path = self.module.path.clone();
        path.push(module.ident.to_string());
        let outer = std::mem::replace(
            &mut self.module,
            Module {
                path,
                ..Module::default()
            },
        );
        for item in items {
            self.visit_item(item);
        }
        let inner = std::mem::replace(&mut self.module, outer);
        self.done.push(inner);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let before = item.leading_colon.iter().map(|_| "::".to_owned()).collect();
        self.import(&item.tree, &before);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let name = item.rename.as_ref().map_or(&item.ident, |(_, name)| name);
        let said = vec!["::".to_owned(), item.ident.to_string()];
        self.module.bindings.push(Binding {
            name: name.to_string(),
            said,
        });
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        if let syn::Type::Path(path) = &*item.ty {
            let (name, said) = (item.ident.to_string(), words(&path.path));
            if said.last() != Some(&name) {
                self.module.bindings.push(Binding { name, said });
            }
        }
        visit::visit_item_type(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        if let syn::Type::Path(path) = &*item.ty {
            self.module.has_machine |= words(&path.path).last().is_some_and(|n| n == "Machine");
        }
        visit::visit_item_static(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if let syn::Type::Path(path) = &*item.ty {
            self.module.has_machine |= words(&path.path).last().is_some_and(|n| n == "Machine");
        }
        visit::visit_item_const(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.schema(&item.attrs, &item.ident);
        let derives = item.attrs.iter().filter(|a| a.path().is_ident("derive"));
        let derives: String = derives.map(tokens_of).collect();
        let table = item.attrs.iter().find_map(|a| said_in(a, "table_name"));
        let has_state = item
            .fields
            .iter()
            .any(|f| f.ident.as_ref().is_some_and(|i| i == "state"));
        if let Some(table) = table
            && has_state
            && (derives.contains("AsChangeset") || derives.contains("Insertable"))
        {
            let table = table.replace(' ', "");
            let column = table
                .split("::")
                .chain(["state"])
                .map(str::to_owned)
                .collect();
            let (within, line) = (item.ident.to_string(), line(&item.ident));
            self.module.state_writes.push(StateWrite {
                column,
                within,
                line,
            });
        }
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.schema(&item.attrs, &item.ident);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.handler(&item.sig, &item.attrs, &item.block);
        self.function(&item.sig.ident, &item.attrs, |reader| {
            visit::visit_item_fn(reader, item)
        });
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of = item.trait_.as_ref().and_then(|(path, _)| words(path).pop());
        let outer = std::mem::replace(&mut self.in_job, of.is_some_and(|name| name == "Job"));
        visit::visit_item_impl(self, item);
        self.in_job = outer;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            self.function(&item.sig.ident, &item.attrs, |reader| {
                visit::visit_impl_item_fn(reader, item)
            });
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.function(&item.sig.ident, &item.attrs, |reader| {
            visit::visit_trait_item_fn(reader, item)
        });
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        let pat = match &local.pat {
            Pat::Type(typed) => &typed.pat,
            pat => pat,
        };
        if let (Pat::Ident(name), Some(init)) = (pat, &local.init)
            && let Some(root) = self.root(&init.expr)
            && let Some(frame) = self.frames.last_mut()
        {
            frame.lets.insert(name.ident.to_string(), root);
        }
        visit::visit_local(self, local);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.mention(words(path), Way::Inline, line(path));
        visit::visit_path(self, path);
    }

    fn visit_expr_path(&mut self, expr: &'ast syn::ExprPath) {
        if let Some(qself) = &expr.qself
            && let syn::Type::Path(ty) = &*qself.ty
        {
            let mut said = words(&ty.path);
            said.extend(words(&expr.path).pop());
            self.mention(said, Way::Inline, line(expr));
        }
        visit::visit_expr_path(self, expr);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let (name, line) = (call.method.to_string(), line(&call.method));
        if TRANSACTIONS.contains(&name.as_str()) || writes::is_write(call) {
            self.open(&name, line);
        }
        if name == "insert_into" {
            let target = call.args.first().and_then(|target| self.root(target));
            self.module.table_writes.push(TableWrite {
                by: None,
                target,
                in_sql: None,
                line,
            });
        }
        if WATCHED_METHODS.contains(&name.as_str()) {
            self.module.calls.push((name.clone(), line));
        }
        if name == "eq"
            && self.filters == 0
            && let Expr::Path(column) = &*call.receiver
            && column
                .path
                .segments
                .last()
                .is_some_and(|s| s.ident == "state")
        {
            let (within, _) = self.within();
            let column = words(&column.path);
            self.module.state_writes.push(StateWrite {
                column,
                within,
                line,
            });
        }
        self.visit_expr(&call.receiver);
        if let Some(generics) = &call.turbofish {
            self.visit_angle_bracketed_generic_arguments(generics);
        }
        let is_condition = CONDITIONS.contains(&name.as_str());
        self.filters += usize::from(is_condition);
        for argument in &call.args {
            self.visit_expr(argument);
        }
        self.filters -= usize::from(is_condition);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(function) = &*call.func {
            let said = words(&function.path);
            let name = said.last().map_or("", String::as_str);
            let of = said.len().checked_sub(2).map_or("", |at| said[at].as_str());
            let line = line(call);
            if writes::BEGINNINGS.contains(&name) {
                let target = call.args.first().and_then(|target| self.root(target));
                let by = Some(said.clone());
                self.module.table_writes.push(TableWrite {
                    by,
                    target,
                    in_sql: None,
                    line,
                });
            }
            let of_database = matches!(of, "Database" | "IdempotencyKey");
            if (TRANSACTIONS.contains(&name) && !of.is_empty())
                || (name.starts_with("write") && of_database)
            {
                self.open(name, line);
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.visit_path(&mac.path);
        if matches!(words(&mac.path).last().map(String::as_str), Some("include")) {
            self.module.detours.push(("include!".to_owned(), line(mac)));
        }
        if words(&mac.path) == ["diesel", "table"] {
            self.module.tables.extend(table_of(mac.tokens.clone()));
        }
        let tokens = mac.tokens.clone();
        let exprs = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.clone());
        if let Ok(exprs) = exprs {
            for expr in &exprs {
                Visit::visit_expr(self, expr);
            }
        } else if let Ok(stmts) = Block::parse_within.parse2(tokens.clone()) {
            for stmt in &stmts {
                Visit::visit_stmt(self, stmt);
            }
        } else {
            self.scan(tokens, true);
        }
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.sql(&text.value(), line(text));
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.scan(list.tokens.clone(), false);
        }
    }
}

impl Reader {
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
