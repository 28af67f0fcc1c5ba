//! The page is whole, speaks for itself alone, and is served as a browser wants it.

use axum::http::StatusCode;

use super::harness::Harness;
use crate::gateway::page::assets::{ASSETS, find};
use crate::gateway::page::{POLICY, is_page};

/// The texts in quotes behind each `before` in a file, as `from './x.js'`.
fn named<'text>(text: &'text str, before: &str) -> Vec<&'text str> {
    let behind = text.split(before).skip(1);
    behind
        .filter_map(|rest| {
            let quote = rest.chars().next().filter(|first| ['"', '\''].contains(first))?;
            rest.get(1..)?.split(quote).next()
        })
        .collect()
}

fn text(path: &str) -> &'static str {
    std::str::from_utf8(&find(path).unwrap().body).unwrap()
}

/// A reference seen from a file, as the browser resolves it.
fn resolved(from: &str, reference: &str) -> String {
    let folder = &from[..=from.rfind('/').unwrap()];
    format!("{folder}{}", reference.trim_start_matches("./"))
}

#[test]
fn every_file_that_one_names_is_there_and_each_is_named() {
    let mut named_once = vec!["/".to_owned()];
    for asset in ASSETS.iter() {
        let text = text(asset.path);
        let mut references: Vec<&str> = named(text, " from ");
        references.extend(named(text, "import "));
        if asset.path == "/" {
            references.extend(named(text, "src="));
            references.extend(named(text, "href="));
        }
        for reference in references.iter().filter(|reference| !reference.starts_with('#')) {
            let target = resolved(asset.path, reference);
            assert!(find(&target).is_some(), "{} names {reference}", asset.path);
            named_once.push(target);
        }
    }
    for asset in ASSETS.iter() {
        assert!(named_once.iter().any(|path| path == asset.path), "nothing names {}", asset.path);
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere_and_nothing_stands_inline() {
    for asset in ASSETS.iter() {
        let text = text(asset.path);
        let foreign = text.match_indices("://").filter(|(at, _)| {
            let rest = &text[at + 3..];
            // The name of SVG's namespace is no address; the client's texts name schemes alone.
            !rest.starts_with("www.w3.org/")
                && rest.starts_with(|next: char| next.is_ascii_alphanumeric())
        });
        assert_eq!(foreign.count(), 0, "{} names another origin", asset.path);
        for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!text.contains(sink), "{} has {sink}", asset.path);
        }
    }
    let page = text("/");
    assert!(!page.contains("<style") && !page.contains(" style="));
    // An attribute such as `onclick=`; the word "on" in a sentence is none.
    let handlers = page.split(" on").skip(1).filter(|rest| {
        rest.trim_start_matches(|letter: char| letter.is_ascii_lowercase()).starts_with('=')
    });
    assert_eq!(handlers.count(), 0);
    assert_eq!(
        page.matches("<script").count(),
        page.matches("<script type=\"module\" src=").count()
    );
}

#[tokio::test]
async fn each_file_is_served_with_its_type_its_tag_and_the_policy() {
    let gateway = Harness::new();
    for asset in ASSETS.iter() {
        let answered = gateway.get(asset.path).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", asset.path);
        assert_eq!(answered.body, asset.body, "{}", asset.path);
        assert_eq!(answered.header("content-security-policy"), POLICY);
        assert_eq!(answered.header("x-content-type-options"), "nosniff");
        assert_eq!(answered.header("cache-control"), "no-cache");
        assert!(is_page(asset.path));
    }
    assert_eq!(gateway.get("/").await.header("content-type"), "text/html; charset=utf-8");
    let script = gateway.get("/assets/main.js").await;
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(
        gateway.get("/assets/style.css").await.header("content-type"),
        "text/css; charset=utf-8"
    );
    assert_eq!(gateway.get("/assets/icon.svg").await.header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    let gateway = Harness::new();
    let tag = gateway.get("/").await.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    let other = gateway.get("/assets/style.css").await.header("etag").to_owned();
    assert_ne!(tag, other);
    for (known, is_known) in [
        (tag.clone(), true),
        (format!("W/{tag}"), true),
        (format!("{other}, {tag}"), true),
        ("*".to_owned(), true),
        (other, false),
        (String::new(), false),
        (tag.replace('"', ""), false),
    ] {
        let headers = [("if-none-match", known.as_bytes())];
        let answered = gateway.send("GET", "/", &headers, b"").await;
        let expected = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        assert_eq!(answered.status, expected, "{known}");
        assert_eq!(answered.body.is_empty(), is_known);
        assert_eq!(answered.header("etag"), tag);
        assert_eq!(answered.header("content-security-policy"), POLICY);
    }
}

#[tokio::test]
async fn a_file_that_the_page_lacks_is_not_found() {
    let gateway = Harness::new();
    for path in [
        "/assets/",
        "/assets/none.js",
        "/assets/client/none.js",
        "/assets/client/",
        "/assets/..%2fCargo.toml",
    ] {
        let answered = gateway.get(path).await;
        assert_eq!(answered.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answered.json()["code"], "not_found", "{path}");
    }
    let answered = gateway.post("/", "{}").await;
    assert_eq!(answered.status, StatusCode::METHOD_NOT_ALLOWED);
}
