//! Writes, as the syntax shows them.

use syn::{
    Block, Expr, ExprCall, ExprMethodCall, Item, ItemFn, Stmt,
    visit::{self, Visit},
};

/// Functions that begin a statement which changes rows.
pub const BEGINNINGS: [&str; 6] = [
    "insert_into",
    "insert_or_ignore_into",
    "replace_into",
    "update",
    "delete",
    "copy_from",
];

/// Whether a call is the database's own write: `app.db.write(…)`, `key.write_once(…)`.
pub fn is_write(call: &ExprMethodCall) -> bool {
    let name = call.method.to_string();
    if !matches!(name.as_str(), "write" | "write_within" | "write_once") {
        return false;
    }
    let takes_closure = call.args.iter().any(|a| matches!(a, Expr::Closure(_)));
    let of_database = match &*call.receiver {
        Expr::Field(field) => matches!(&field.member, syn::Member::Named(n) if n == "db"),
        Expr::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|s| s.ident == "db" || s.ident == "database"),
        _ => false,
    };
    takes_closure || of_database || name == "write_once"
}

/// The tables that a text writes to, if it is SQL.
pub fn tables_written(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let table = match (*word, words.get(at + 1), words.get(at + 2)) {
            ("INTO", Some(table), _) if at > 0 && matches!(words[at - 1], "INSERT" | "REPLACE") => {
                table
            }
            ("FROM", Some(table), _) if at > 0 && words[at - 1] == "DELETE" => table,
            ("UPDATE", Some(table), Some(&"SET")) => table,
            _ => continue,
        };
        found.push(table.trim_matches('"').to_owned());
    }
    found
}

/// The most writes on one way through a function; in a loop, one counts as many, and so does a call
/// of one of the `writing` functions of its file.
pub fn most(body: &Block, writing: &[String]) -> usize {
    let mut counter = Counter {
        writing,
        now: 0,
        ended: 0,
    };
    counter.visit_block(body);
    counter.ended.max(counter.now)
}

/// The functions of a file that write, its handlers apart.
pub fn writing(items: &[Item], is_handler: impl Fn(&ItemFn) -> bool) -> Vec<String> {
    let functions = items.iter().filter_map(|item| match item {
        Item::Fn(function) if !is_handler(function) && most(&function.block, &[]) > 0 => {
            Some(function.sig.ident.to_string())
        }
        _ => None,
    });
    functions.collect()
}

/// Whether a way returns, and the way.
type Way<'a, C> = (bool, Box<dyn FnOnce(&mut C) + 'a>);

struct Counter<'a> {
    writing: &'a [String],
    /// On the way that is followed.
    now: usize,
    /// The most on a way that has returned.
    ended: usize,
}

impl Counter<'_> {
    /// Follows each of several ways from here; what remains is the longest that goes on.
    fn ways<'a>(&mut self, ways: impl IntoIterator<Item = Way<'a, Self>>) {
        let start = self.now;
        let mut most = start;
        for (returns, way) in ways {
            self.now = start;
            way(self);
            if returns {
                self.ended = self.ended.max(self.now);
            } else {
                most = most.max(self.now);
            }
        }
        self.now = most;
    }

    fn again(&mut self, body: impl FnOnce(&mut Self)) {
        let start = self.now;
        body(self);
        if self.now > start {
            self.now += 1;
        }
    }
}

fn returns(block: &Block) -> bool {
    match block.stmts.last() {
        Some(Stmt::Expr(expr, _)) => expr_returns(expr),
        _ => false,
    }
}

fn expr_returns(expr: &Expr) -> bool {
    match expr {
        Expr::Return(_) => true,
        Expr::Block(block) => returns(&block.block),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Counter<'_> {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        self.now += usize::from(is_write(call));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let Expr::Path(function) = &*call.func {
            let name = function.path.segments.last().map(|s| s.ident.to_string());
            self.now += usize::from(name.is_some_and(|name| self.writing.contains(&name)));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        self.visit_expr(&branch.cond);
        let then: Way<Self> = (
            returns(&branch.then_branch),
            Box::new(|counter| counter.visit_block(&branch.then_branch)),
        );
        let other: Way<Self> = match &branch.else_branch {
            Some((_, other)) => (
                expr_returns(other),
                Box::new(move |counter| counter.visit_expr(other)),
            ),
            None => (false, Box::new(|_| {})),
        };
        self.ways([then, other]);
    }

    fn visit_expr_match(&mut self, branch: &'ast syn::ExprMatch) {
        self.visit_expr(&branch.expr);
        let arms = branch.arms.iter().map(|arm| {
            let way: Box<dyn FnOnce(&mut Self)> = Box::new(move |counter| counter.visit_arm(arm));
            (expr_returns(&arm.body), way)
        });
        self.ways(arms.collect::<Vec<_>>());
    }

    fn visit_expr_for_loop(&mut self, around: &'ast syn::ExprForLoop) {
        self.again(|counter| visit::visit_expr_for_loop(counter, around));
    }

    fn visit_expr_while(&mut self, around: &'ast syn::ExprWhile) {
        self.again(|counter| visit::visit_expr_while(counter, around));
    }

    fn visit_expr_loop(&mut self, around: &'ast syn::ExprLoop) {
        self.again(|counter| visit::visit_expr_loop(counter, around));
    }
}
