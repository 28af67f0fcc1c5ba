//! What a connection hears that may only read: levels, in no more than the view that it is allowed.

use saldo_protocol::{Code, LevelView, ServerMessage, View as Told};

use super::super::allowed::Allowed;
use super::super::form::Form;
use super::harness::{ALL, Client, PIPE_BYTES, SmallEngine, limits, texts};
use crate::feed::View;

const SELL: &str = r#"{"type":"commands","id":"r","commands":[{"op":"sell","sku":"A","location":"OSLO","quantity":1}]}"#;

async fn connect(engine: &SmallEngine, form: Form, allowed: Allowed) -> Client {
    Client::connect_as(engine, form, allowed, limits(), PIPE_BYTES).await
}

#[tokio::test]
async fn a_reader_sends_no_commands_and_hears_no_events() {
    for form in [Form::Json, Form::Binary] {
        let (engine, mut frames, _counts) = SmallEngine::new();
        let allowed = Allowed { sell: false, view_most: View::Exact };
        let mut client = connect(&engine, form, allowed).await;
        for (frame, id) in [
            (SELL, "r"),
            (r#"{"type":"subscribe","id":"a","mode":"events"}"#, "a"),
            (r#"{"type":"subscribe","id":"a","mode":"events","cursor":"earliest"}"#, "a"),
        ] {
            let ServerMessage::Error { id: named, code, detail } = client.ask(frame).await else {
                panic!("{frame} was allowed");
            };
            assert_eq!((named.as_deref(), code), (Some(id), Code::Forbidden), "{frame}");
            assert!(detail.contains("role `sell` or `admin`"), "{detail}");
        }
        assert!(frames.try_recv().is_err(), "the engine was given a command");
        // What is malformed is told so first, and levels are for everyone.
        let malformed = r#"{"type":"subscribe","id":"a","mode":"events","skus":[]}"#;
        let answer = client.ask(malformed).await;
        assert!(matches!(answer, ServerMessage::Error { code: Code::Malformed, .. }), "{answer:?}");
        let answer = client.ask(r#"{"type":"subscribe","id":"a"}"#).await;
        assert!(matches!(answer, ServerMessage::Subscribed { .. }), "{answer:?}");
    }
}

#[tokio::test]
async fn the_view_is_never_more_exact_than_allowed_and_is_told() {
    let wanted = [None, Some("exact"), Some("banded"), Some("boolean")];
    for (most, views) in [
        (View::Exact, [Told::Exact, Told::Exact, Told::Banded, Told::Boolean]),
        (View::Banded, [Told::Banded, Told::Banded, Told::Banded, Told::Boolean]),
        (View::Boolean, [Told::Boolean, Told::Boolean, Told::Boolean, Told::Boolean]),
    ] {
        for (wanted, expected) in wanted.into_iter().zip(views) {
            for form in [Form::Json, Form::Binary] {
                let (engine, _frames, _counts) = SmallEngine::new();
                engine.change("A", "OSLO");
                let mut client =
                    connect(&engine, form, Allowed { sell: false, view_most: most }).await;
                let view = wanted.map(|view| format!(r#","view":"{view}""#)).unwrap_or_default();
                let asked = format!(r#"{{"type":"subscribe","id":"a"{view}}}"#);
                let ServerMessage::Subscribed { view, .. } = client.ask(&asked).await else {
                    panic!("{asked} was refused");
                };
                assert_eq!(view, expected, "{asked} with at most {most:?}");
                let ServerMessage::Snapshot { levels, .. } = client.hear().await else {
                    panic!("no snapshot");
                };
                let told = match &levels[0] {
                    LevelView::Exact(_) => Told::Exact,
                    LevelView::Banded(_) => Told::Banded,
                    LevelView::Boolean(_) => Told::Boolean,
                };
                assert_eq!(told, expected, "{asked} with at most {most:?}");
            }
        }
    }
}

#[tokio::test]
async fn bands_are_told_when_they_change() {
    for (view, texts_of_one, texts_of_none) in [
        // Without thresholds every unit is more than low.
        ("banded", "A@OSLO 1 InStock", "A@OSLO 4 OutOfStock"),
        ("boolean", "A@OSLO 1 true", "A@OSLO 4 false"),
    ] {
        let (engine, _frames, _counts) = SmallEngine::new();
        let mut client = connect(&engine, Form::Json, ALL).await;
        client.ask(&format!(r#"{{"type":"subscribe","id":"a","view":"{view}"}}"#)).await;
        client.hear().await;
        let levels = async |client: &mut Client| match client.hear().await {
            ServerMessage::Delta { levels, .. } => texts(&levels).join(" "),
            other => panic!("no delta: {other:?}"),
        };
        engine.change("A", "OSLO");
        engine.pass_on();
        assert_eq!(levels(&mut client).await, texts_of_one);
        for delta in [1, 1] {
            engine.change_by("A", "OSLO", delta);
            engine.pass_on();
        }
        assert_eq!(client.ask(r#"{"type":"ping"}"#).await, ServerMessage::Pong);
        engine.change_by("A", "OSLO", -3);
        engine.pass_on();
        assert_eq!(levels(&mut client).await, texts_of_none);
    }
}
