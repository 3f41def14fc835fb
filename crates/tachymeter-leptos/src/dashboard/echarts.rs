//! ECharts in the browser: loaded when the first chart needs it, given its option once and numbers from then on.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Array, Float64Array, JSON, Object, Reflect};
use leptos::prelude::{document, window};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlElement;

use super::model::{Columns, Label};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = Object)]
    type Instance;
    #[wasm_bindgen(js_namespace = echarts, catch)]
    fn init(element: &HtmlElement, theme: &JsValue) -> Result<Instance, JsValue>;
    #[wasm_bindgen(js_namespace = echarts)]
    fn connect(group: &str);
    #[wasm_bindgen(method, js_name = setOption)]
    fn set_option(this: &Instance, option: &JsValue, how: &JsValue);
    #[wasm_bindgen(method)]
    fn resize(this: &Instance);
    #[wasm_bindgen(method)]
    fn dispose(this: &Instance);
    #[wasm_bindgen(method, setter)]
    fn set_group(this: &Instance, group: &str);
}

/// Where the bundle is served.
const SCRIPT: &str = "/echarts.js";
/// All charts of a page share one crosshair.
const GROUP: &str = "tachymeter";
/// Wong's eight, in the order that every chart uses (Nature Methods 8, 441); the last is the ink of the theme.
const PALETTE: [&str; 7] = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"];
/// The dash of the first, second, … stat of a series, so that colour is never the only sign.
const DASHES: [&str; 3] = ["solid", "dashed", "dotted"];
/// With fewer rows than this that have a value a line would be invisible: its points are marked instead.
const FEW: usize = 60;

/// Loads the script once, however many ask.
pub(super) async fn load() -> Result<(), JsValue> {
    thread_local! {
        static LOADING: RefCell<Option<js_sys::Promise>> = const { RefCell::new(None) };
    }
    let promise = LOADING.with_borrow_mut(|loading| {
        loading
            .get_or_insert_with(|| {
                js_sys::Promise::new(&mut |resolve, reject| {
                    let script: web_sys::HtmlScriptElement =
                        document().create_element("script").expect("a valid name").unchecked_into();
                    script.set_src(SCRIPT);
                    script.set_onload(Some(&resolve));
                    script.set_onerror(Some(&reject));
                    _ = document().document_element().expect("a page has a root").append_child(&script);
                })
            })
            .clone()
    });
    let loaded = JsFuture::from(promise).await;
    if loaded.is_err() {
        LOADING.with_borrow_mut(|loading| *loading = None);
    }
    loaded.map(drop)
}

/// One chart on the page.
pub(super) struct Drawing {
    instance: Instance,
    pattern: String,
    labels: RefCell<Vec<Label>>,
    marked: Cell<bool>,
    pending: RefCell<Option<Columns>>,
    _resize: (web_sys::ResizeObserver, Closure<dyn FnMut()>),
}

impl Drawing {
    /// Puts a chart into the element. `option` is the JSON that the server made.
    pub(super) fn new(element: &HtmlElement, option: &str) -> Result<Rc<Self>, JsValue> {
        let instance = init(element, &theme())?;
        let parsed = JSON::parse(option)?;
        let pattern = Reflect::get(&parsed, &"series".into())?.unchecked_into::<Array>().get(0);
        Reflect::set(&parsed, &"series".into(), &Array::new())?;
        // Drawn on the canvas: the other mode writes style attributes, which a strict content security policy forbids.
        let tooltip = Array::from(&Reflect::get(&parsed, &"tooltip".into())?).get(0);
        let tooltip = if tooltip.is_object() { tooltip } else { Reflect::get(&parsed, &"tooltip".into())? };
        Reflect::set(&tooltip, &"renderMode".into(), &"richText".into())?;
        instance.set_option(&parsed, &JsValue::UNDEFINED);
        instance.set_group(GROUP);
        connect(GROUP);
        let target: Instance = instance.clone().unchecked_into();
        let on_resize = Closure::<dyn FnMut()>::new(move || target.resize());
        let observer = web_sys::ResizeObserver::new(on_resize.as_ref().unchecked_ref())?;
        observer.observe(element);
        Ok(Rc::new(Self {
            instance,
            pattern: JSON::stringify(&pattern)?.into(),
            labels: RefCell::default(),
            marked: Cell::new(false),
            pending: RefCell::default(),
            _resize: (observer, on_resize),
        }))
    }

    /// Draws the columns in one of the next frames; a newer table replaces one that still waits.
    pub(super) fn request(self: &Rc<Self>, columns: Columns) {
        if self.pending.replace(Some(columns)).is_none() {
            enqueue(self.clone());
        }
    }

    fn draw(&self) {
        let Some(columns) = self.pending.take() else { return };
        let option = Object::new();
        let filled = columns.iter().filter(|row| row[1..].iter().any(|value| !value.is_nan())).count();
        let marked = filled < FEW;
        if *self.labels.borrow() != columns.labels || self.marked.get() != marked {
            let series: Array =
                columns.labels.iter().enumerate().map(|(index, label)| self.series(index, label, marked)).collect();
            set(&option, "series", &series);
            self.marked.set(marked);
            self.labels.replace(columns.labels.clone());
        }
        let dimensions: Array = (0..columns.width()).map(|index| JsValue::from(format!("c{index}"))).collect();
        let dataset = Object::new();
        set(&dataset, "dimensions", &dimensions);
        // One copy out of WebAssembly's memory, whatever the number of points.
        set(&dataset, "source", &Float64Array::from(columns.rows.as_slice()));
        set(&option, "dataset", &dataset);
        self.instance.set_option(&option, &JsValue::UNDEFINED);
    }

    fn series(&self, index: usize, label: &Label, marked: bool) -> JsValue {
        let series = JSON::parse(&self.pattern).unwrap_or_else(|_| Object::new().into());
        set(&series, "id", &format!("s{index}").into());
        set(&series, "name", &label.text().into());
        let encode = Object::new();
        set(&encode, "x", &"c0".into());
        set(&encode, "y", &format!("c{}", index + 1).into());
        set(&series, "encode", &encode);
        set(&series, "showSymbol", &marked.into());
        set(&series, "symbolSize", &5.into());
        let colour =
            PALETTE.get(label.series % (PALETTE.len() + 1)).map_or_else(|| token("--ink"), |colour| (*colour).to_owned());
        let item = Object::new();
        set(&item, "color", &colour.as_str().into());
        set(&series, "itemStyle", &item);
        let line =
            Reflect::get(&series, &"lineStyle".into()).ok().filter(JsValue::is_object).unwrap_or_else(|| Object::new().into());
        set(&line, "color", &colour.as_str().into());
        set(&line, "type", &DASHES[label.stat % DASHES.len()].into());
        set(&series, "lineStyle", &line);
        series
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        self._resize.0.disconnect();
        self.instance.dispose();
    }
}

fn set(object: &JsValue, key: &str, value: &JsValue) {
    _ = Reflect::set(object, &key.into(), value);
}

/// A custom property of the page's style, for example `--ink`.
fn token(name: &str) -> String {
    let root = document().document_element();
    root.and_then(|root| window().get_computed_style(&root).ok().flatten())
        .and_then(|style| style.get_property_value(name).ok())
        .map(|value| value.trim().to_owned())
        .unwrap_or_default()
}

/// An ECharts theme made of the page's own colours.
fn theme() -> JsValue {
    let (ink, muted, line, surface) = (token("--ink"), token("--ink-muted"), token("--line"), token("--surface"));
    let axis = serde_json::json!({
        "axisLine": { "lineStyle": { "color": line } },
        "axisTick": { "lineStyle": { "color": line } },
        "axisLabel": { "color": muted, "fontSize": 12, "hideOverlap": true },
        "splitLine": { "lineStyle": { "color": line } },
    });
    let theme = serde_json::json!({
        "backgroundColor": "transparent",
        "textStyle": { "color": ink, "fontFamily": token("--font-sans") },
        "tooltip": { "backgroundColor": surface, "borderColor": line, "textStyle": { "color": ink, "fontSize": 12 } },
        "timeAxis": axis,
        "valueAxis": axis,
    });
    JSON::parse(&theme.to_string()).unwrap_or(JsValue::NULL)
}

thread_local! {
    static WAITING: RefCell<VecDeque<Rc<Drawing>>> = const { RefCell::new(VecDeque::new()) };
}

/// One chart per frame: six at once would be one long task.
fn enqueue(drawing: Rc<Drawing>) {
    let first = WAITING.with_borrow_mut(|waiting| {
        waiting.push_back(drawing);
        waiting.len() == 1
    });
    if first {
        next_frame();
    }
}

/// A hidden page has no frames, so nothing is drawn there; what waits is drawn when it is shown again.
fn next_frame() {
    let draw = Closure::once_into_js(|| {
        let Some(drawing) = WAITING.with_borrow_mut(VecDeque::pop_front) else { return };
        drawing.draw();
        if WAITING.with_borrow(|waiting| !waiting.is_empty()) {
            next_frame();
        }
    });
    _ = window().request_animation_frame(draw.unchecked_ref());
}
