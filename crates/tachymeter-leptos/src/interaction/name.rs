//! What an input is called where nobody has named it: by what it was made on, never by what a person typed.
//!
//! Within a component under `#[measured]` the name begins with the component's, which stands in `data-measured`. The rest is the nearest
//! `data-measure`; else role and accessible name of the nearest control, for example `button "Save"`. A name comes from `aria-label`, or
//! from the text of a button, a link, a tab or a label. It is left out within a list or a table outside of a `nav`, where text is data;
//! when the control holds a field; within what can be edited; and when it has an `@`. A field's value is read only to leave out a text
//! that repeats it, now or later.

use std::cell::RefCell;

use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event};

/// The longest name of a control, in characters; longer ones are cut.
const MAX_CHARS: usize = 40;
/// How many different names a page gives; what comes later is called by its role.
const MAX_NAMES: usize = 50;

const CONTROLS: &str = "[role],a,button,summary,label,input,select,textarea,form,[contenteditable]";
/// Where text is data, and may be what somebody has typed.
const DATA: &str = "li,td,th,option,[role=option],[role=row],[role=listitem],[role=gridcell],[contenteditable]";
const FIELDS: &str = "input,select,textarea,[contenteditable]";
const TYPED: &str = "textarea,input:not([type=checkbox],[type=radio],[type=hidden],[type=submit],[type=button])";
/// How many texts are remembered that were typed before, the latest ones, and the longest, in characters: no name is longer.
const MAX_TYPED: usize = 20;

thread_local! {
    static GIVEN: RefCell<Vec<String>> = RefCell::default();
    static TYPED_BEFORE: RefCell<Vec<String>> = RefCell::default();
}

/// A person has changed what this is about, or pressed a key that may do something with it: what stands there now may come back as a text of
/// the page, when the field is empty again.
pub(super) fn typed(event: &Event) {
    let Some(field) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    // A page shows no password again, and it need not be in memory once more.
    let is_open = field.matches(TYPED).unwrap_or(false) && field.get_attribute("type").as_deref() != Some("password");
    let Some(value) = is_open.then(|| value_of(&field)).flatten() else { return };
    let text: String = value.trim().chars().take(MAX_CHARS).collect();
    TYPED_BEFORE.with_borrow_mut(|before| {
        if text.len() > 1 && !before.contains(&text) {
            if before.len() == MAX_TYPED {
                before.remove(0);
            }
            before.push(text);
        }
    });
}

pub(super) fn of(event: &Event, kind: &str) -> String {
    // A form is submitted by a button, if by anything.
    let submitter = (kind == "submit").then(|| js_sys::Reflect::get(event, &"submitter".into()).unwrap_or_default());
    let submitter = submitter.and_then(|submitter| submitter.dyn_into::<Element>().ok());
    let Some(target) = submitter.or_else(|| event.target()?.dyn_into().ok()) else { return kind.to_owned() };
    // Mostly nobody has named anything, which takes one question instead of two.
    if nearest(&target, "[data-measured],[data-measure]").is_none() {
        return found(target);
    }
    match nearest(&target, "[data-measured]").and_then(|component| component.get_attribute("data-measured")) {
        Some(component) => format!("{}.{}", component.chars().take(MAX_CHARS).collect::<String>(), within(target)),
        None => within(target),
    }
}

fn within(target: Element) -> String {
    if let Some(name) = nearest(&target, "[data-measure]").and_then(|element| element.get_attribute("data-measure"))
        && !name.is_empty()
    {
        return name.chars().take(MAX_CHARS).collect();
    }
    found(target)
}

fn found(target: Element) -> String {
    let control = nearest(&target, CONTROLS).unwrap_or(target);
    let role = role_of(&control);
    match name_of(&control, &role) {
        Some(name) => bounded(format!("{role} \"{name}\""), role),
        None => role,
    }
}

fn nearest(element: &Element, selector: &str) -> Option<Element> {
    element.closest(selector).ok().flatten()
}

fn role_of(control: &Element) -> String {
    if let Some(role) = control.get_attribute("role") {
        return role.chars().take(MAX_CHARS).collect();
    }
    let tag = control.local_name();
    let role = match tag.as_str() {
        "a" => "link",
        "input" => match control.get_attribute("type").as_deref() {
            Some("submit" | "button" | "reset" | "image") => "button",
            Some("checkbox") => "checkbox",
            Some("radio") => "radio",
            Some("range") => "slider",
            _ => "textbox",
        },
        "textarea" => "textbox",
        "select" => "combobox",
        // The most frequent one, without one more question.
        "button" => return tag,
        _ if control.has_attribute("contenteditable") => "textbox",
        _ => return tag,
    };
    role.to_owned()
}

fn name_of(control: &Element, role: &str) -> Option<String> {
    let is_data = nearest(control, DATA).is_some() && nearest(control, "nav").is_none();
    if is_data {
        return None;
    }
    let text = control.get_attribute("aria-label").or_else(|| {
        let named_by = match role {
            "button" | "link" | "tab" | "menuitem" | "summary" | "label" => control.clone(),
            "textbox" | "checkbox" | "radio" | "slider" | "combobox" => label_of(control)?,
            _ => return None,
        };
        let holds_field = named_by.query_selector(FIELDS).ok()?.is_some();
        let first_line = if holds_field { named_by.first_child() } else { Some(named_by.into()) };
        first_line.filter(|node| !holds_field || node.node_type() == web_sys::Node::TEXT_NODE)?.text_content()
    })?;
    let words: Vec<_> = text.split_whitespace().collect();
    let name: String = words.join(" ").chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect();
    // An address is somebody's, wherever it stands.
    (!name.is_empty() && !name.contains('@') && !repeats_a_field(&text)).then_some(name)
}

/// Whether the text shows what stands in a field of the page just now, or did before.
fn repeats_a_field(text: &str) -> bool {
    if TYPED_BEFORE.with_borrow(|before| before.iter().any(|typed| text.contains(typed))) {
        return true;
    }
    let Ok(fields) = document().query_selector_all(TYPED) else { return true };
    let value = |at| value_of(fields.get(at)?.as_ref());
    (0..fields.length()).filter_map(value).any(|value| value.trim().len() > 1 && text.contains(value.trim()))
}

fn value_of(field: &JsValue) -> Option<String> {
    js_sys::Reflect::get(field, &"value".into()).ok()?.as_string()
}

fn label_of(field: &Element) -> Option<Element> {
    let labels = js_sys::Reflect::get(field, &"labels".into()).ok()?;
    js_sys::Reflect::get_u32(&labels, 0).ok()?.dyn_into().ok()
}

fn bounded(name: String, role: String) -> String {
    GIVEN.with_borrow_mut(|given| {
        let known = given.contains(&name);
        if !known && given.len() < MAX_NAMES {
            given.push(name.clone());
        } else if !known {
            return role;
        }
        name
    })
}
