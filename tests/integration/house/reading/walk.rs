//! The way through a file's syntax.

use syn::{
    Attribute, Block, Expr, Item, Meta, Pat, Token,
    parse::Parser as _,
    punctuated::Punctuated,
    visit::{self, Visit},
};

use super::{CONDITIONS, Reader, TRANSACTIONS, WATCHED_METHODS};
use crate::house::{
    said::{Binding, Module, StateWrite, TableWrite, Way, What},
    syntax::{attrs_of, is_for_tests, line, name_of, said_in, table_of, tokens_of, words},
    writes,
};

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
            if elsewhere
                .as_ref()
                .is_some_and(|file| !for_tests || file.contains(".."))
            {
                self.module
                    .detours
                    .push(("#[path]".to_owned(), line(module)));
            }
            if for_tests {
                self.tests
                    .push(elsewhere.unwrap_or_else(|| module.ident.to_string()));
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
        self.value(&item.ident, &item.ty, |reader| {
            visit::visit_item_static(reader, item);
        });
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.value(&item.ident, &item.ty, |reader| {
            visit::visit_item_const(reader, item);
        });
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
        let what = match of.as_deref() {
            Some("Item") => Some(What::Register),
            Some("Job") => Some(What::Job),
            Some("Subject") => Some(What::Subject),
            _ => None,
        };
        let outer = std::mem::replace(&mut self.in_job, what == Some(What::Job));
        let before = self.module.mentions.len();
        visit::visit_item_impl(self, item);
        self.in_job = outer;
        if let (Some(what), syn::Type::Path(path)) = (what, &*item.self_ty) {
            self.make(what, words(&path.path), before, line(item));
        }
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
