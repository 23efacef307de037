//! Small questions to the syntax: words of a path, attributes, names.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Item, Meta};

use super::said::{Said, Table};

pub fn words(path: &syn::Path) -> Said {
    let colons = path.leading_colon.iter().map(|_| "::".to_owned());
    colons
        .chain(path.segments.iter().map(|s| s.ident.to_string()))
        .collect()
}

pub fn line(spanned: &impl syn::spanned::Spanned) -> usize {
    spanned.span().start().line
}

pub fn attrs_of(item: &Item) -> &[Attribute] {
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

pub fn name_of(item: &Item) -> Option<String> {
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

pub fn tokens_of(attribute: &Attribute) -> String {
    match &attribute.meta {
        Meta::List(list) => list.tokens.to_string(),
        _ => String::new(),
    }
}

pub fn is_for_tests(attrs: &[Attribute]) -> bool {
    attrs
        .iter()
        .any(|a| a.path().is_ident("cfg") && tokens_of(a) == "test" || a.path().is_ident("test"))
}

/// The value of `name = "…"` in an attribute.
pub fn said_in(attribute: &Attribute, name: &str) -> Option<String> {
    let tokens = tokens_of(attribute);
    let (_, rest) = tokens.split_once(&format!("{name} = "))?;
    let end = rest.trim_start_matches('"').find(['"', ',']);
    Some(
        rest.trim_start_matches('"')[..end.unwrap_or(rest.len())]
            .trim()
            .to_owned(),
    )
}

pub fn is_path_attribute(attribute: &Attribute) -> bool {
    let path = words(attribute.path());
    path == ["utoipa", "path"]
}

/// The table that `diesel::table!` declares: `name (key) { column -> Type, }`.
pub fn table_of(tokens: TokenStream) -> Option<Table> {
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
pub fn path_goes_on(tokens: &[TokenTree], at: usize) -> Option<String> {
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
