//! What a file can say that the house asks about.

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

/// What stands in a list, and the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A list of lists: `CAPABILITIES`.
    Capabilities,
    /// A list of operations: `OPERATIONS`.
    Operations,
    /// A list of jobs: `JOBS`.
    Jobs,
    /// A type that is a job.
    Job,
    /// A type whose items a register keeps.
    Register,
    /// A transition table.
    Machine,
    /// A type that has states, with the machine it names.
    Subject,
}

/// Something that is listed or lists.
#[derive(Debug, Clone)]
pub struct Made {
    pub what: What,
    /// Its name, as it stands in its module.
    pub said: Said,
    /// What is named in it.
    pub names: Vec<Mention>,
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
    pub made: Vec<Made>,
    /// Methods that read the clock or the disk, with their lines.
    pub calls: Vec<(String, usize)>,
    /// Detours around the module tree: `#[path]`, `include!`.
    pub detours: Vec<(String, usize)>,
    /// Whether it holds a transition table.
    pub has_machine: bool,
}
