//! The files of the page.

use super::super::assets;
use super::Server;
use axum::http::StatusCode;
use regex::Regex;

#[test]
fn every_file_of_the_page_is_served_with_headers_that_bind_the_browser() {
    let server = Server::new();
    for asset in assets::ALL {
        let reply = server.get(asset.path);
        assert_eq!(reply.status, StatusCode::OK, "{}", asset.path);
        assert_eq!(reply.text(), asset.text, "{}", asset.path);
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
    assert!(server.get("/").header("content-type").starts_with("text/html"));
    assert!(server.get("/app.js").header("content-type").starts_with("text/javascript"));
    assert_eq!(server.get("/api/none").header("x-frame-options"), "DENY", "also on refusals");
}

#[test]
fn the_page_makes_no_markup_of_data_and_loads_nothing_from_elsewhere() {
    let markup = Regex::new(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|setHTML")
        .expect("a pattern");
    let elsewhere = Regex::new(r#"(https?:)?//[a-z0-9-]+\.[a-z]"#).expect("a pattern");
    let inline = Regex::new(r#"\son[a-z]+=|<style|\sstyle=|javascript:"#).expect("a pattern");
    let imported = Regex::new(r#"from "\./([a-z]+\.js)""#).expect("a pattern");
    let mut imports = 0;
    for asset in assets::ALL {
        let text = asset.text.replace("http://www.w3.org/2000/svg", "");
        for pattern in [&markup, &elsewhere] {
            let found = pattern.find(&text).map(|found| found.as_str());
            assert_eq!(found, None, "{}", asset.path);
        }
        if asset.path == "/" {
            assert_eq!(inline.find(&text).map(|found| found.as_str()), None);
        }
        for import in imported.captures_iter(&text) {
            let path = format!("/{}", &import[1]);
            assert!(assets::ALL.iter().any(|asset| asset.path == path), "{}: {path}", asset.path);
            imports += 1;
        }
    }
    assert!(imports > 20, "{imports}");
}

#[test]
fn the_script_finds_every_element_that_it_names() {
    let id = Regex::new(r#"(?:byId|show)\("([a-z-]+)"[,)]"#).expect("a pattern");
    let html = assets::ALL.iter().find(|asset| asset.path == "/").expect("the page").text;
    let mut count = 0;
    for asset in assets::ALL {
        for found in id.captures_iter(asset.text) {
            assert!(
                html.contains(&format!("id=\"{}\"", &found[1])),
                "{}: {}",
                asset.path,
                &found[1]
            );
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}
