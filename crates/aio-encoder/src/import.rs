//! Checkpoints of other projects under this project's names: layouts by detection, every tensor accounted for.
//!
//! | layout | known by | source |
//! |---|---|---|
//! | Meta-Transformer | `0.norm1.weight`, blocks alone | invictus717/MetaTransformer; blocks that Burn saved (`.bpk`) |
//! | CLIP | `transformer.resblocks.0.ln_1.weight` | openai/CLIP, mlfoundations/open_clip |
//! | timm | `blocks.0.norm1.weight` with `patch_embed.proj.weight` | timm's `VisionTransformer`: AugReg, CLIP, DeiT, MAE, DINO, DINOv2 |
//! | TransReID-SSL | the same with `patch_embed.conv.0.weight` | damo-cv/TransReID-SSL |

use crate::checkpoint::{RawTensor, Tensors};
use crate::{Activation, EncoderConfig};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whose names a checkpoint uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Blocks alone, numbered at the top.
    MetaTransformer,
    /// OpenAI's and open_clip's visual tower, and the text tower's token table.
    Clip,
    /// timm's vision transformer.
    Timm,
    /// timm's with the convolution stem of TransReID-SSL.
    TransreidSsl,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 4] = [Self::MetaTransformer, Self::Clip, Self::Timm, Self::TransreidSsl];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MetaTransformer => "meta-transformer",
            Self::Clip => "clip",
            Self::Timm => "timm",
            Self::TransreidSsl => "transreid-ssl",
        }
    }

    /// A tensor that every checkpoint of this layout has, below a prefix.
    fn mark(self) -> &'static str {
        match self {
            Self::MetaTransformer => "0.norm1.weight",
            Self::Clip => "transformer.resblocks.0.ln_1.weight",
            Self::Timm => "blocks.0.norm1.weight",
            Self::TransreidSsl => "patch_embed.conv.0.weight",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What became of the tensors of a checkpoint, each by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Names in the checkpoint and here.
    pub loaded: Vec<(String, String)>,
    /// What the checkpoint does not have and a model needs; it starts fresh.
    pub missing: Vec<String>,
    /// What no part of the model takes, and is known to be of no use here (text towers, classifiers, decoders).
    pub unused: Vec<String>,
    /// What no part of the model takes although nobody knows why.
    pub unknown: Vec<String>,
    /// Tensors of another shape than the others imply.
    pub misshaped: Vec<String>,
}

/// A checkpoint under this project's names.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Whose names it had.
    pub layout: Layout,
    /// Sizes and variants, read off the tensors.
    pub encoder: EncoderConfig,
    /// `encoder.*` and what there is of `tokenizers.*` and `projection.*`.
    pub tensors: Tensors,
    /// Rows and columns of tokens that the positions are for, where it has positions.
    pub grid: Option<(usize, usize)>,
    /// Side of a patch in pixels, where it has a stem.
    pub patch: Option<usize>,
    /// What became of every tensor.
    pub coverage: Coverage,
}

/// What the tensors do not tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints {
    /// The layout, where detection would be wrong.
    pub layout: Option<Layout>,
    /// Attention heads; otherwise one per 64 channels, as in every published ViT.
    pub heads: Option<usize>,
    /// The non-linearity; otherwise GELU, or QuickGELU where the file has OpenAI's scalars.
    pub activation: Option<Activation>,
}

/// Epsilon of `nn.LayerNorm`, and the one timm gives its vision transformers.
const TORCH_EPSILON: f64 = 1e-5;
const TIMM_EPSILON: f64 = 1e-6;

/// Names that published checkpoints have beside what is needed, by how they begin below the prefix.
const OF_NO_USE: [&str; 17] = [
    "head",
    "fc_norm",
    "mask_token",
    "decoder",
    "transformer.",
    "ln_final",
    "text_projection",
    "logit_scale",
    "logit_bias",
    "positional_embedding",
    "context_length",
    "input_resolution",
    "vocab_size",
    "attn_mask",
    "pre_logits",
    "text.",
    "classifier",
];

/// Takes tensors out of a checkpoint and remembers what became of each.
struct Taker {
    tensors: Tensors,
    prefix: String,
    taken: Tensors,
    coverage: Coverage,
}

impl Taker {
    fn peek(&self, name: &str) -> Option<&RawTensor> {
        self.tensors.get(&format!("{}{name}", self.prefix))
    }

    fn take(&mut self, name: &str) -> Option<RawTensor> {
        self.tensors.remove(&format!("{}{name}", self.prefix))
    }

    fn put(&mut self, from: &str, to: &str, tensor: RawTensor) {
        self.coverage.loaded.push((format!("{}{from}", self.prefix), to.to_owned()));
        self.taken.insert(to.to_owned(), tensor);
    }

    /// Moves a tensor if it has the expected shape; whether there is one decides nothing yet.
    fn moved(&mut self, from: &str, to: &str, shape: &[usize]) -> bool {
        match self.take(from) {
            None => false,
            Some(tensor) if tensor.shape == shape => {
                self.put(from, to, tensor);
                true
            }
            Some(tensor) => {
                self.coverage
                    .misshaped
                    .push(format!("{}{from}: {:?}, expected {shape:?}", self.prefix, tensor.shape));
                true
            }
        }
    }

    fn need(&mut self, from: &str, to: &str, shape: &[usize]) {
        if !self.moved(from, to, shape) {
            self.coverage.missing.push(to.to_owned());
        }
    }

    fn norm(&mut self, from: &str, to: &str, width: usize) -> bool {
        let found = self.peek(&format!("{from}.weight")).is_some();
        if found {
            self.need(&format!("{from}.weight"), &format!("{to}.weight"), &[width]);
            self.need(&format!("{from}.bias"), &format!("{to}.bias"), &[width]);
        }
        found
    }
}

/// Puts a checkpoint's tensors under this project's names.
///
/// # Errors
/// A sentence if the layout is not known, or what must be there is not.
pub fn import(tensors: Tensors, hints: Hints) -> Result<Imported, String> {
    let (layout, prefix) = detect(&tensors, hints.layout)?;
    let openai = tensors.keys().any(|k| k.ends_with("input_resolution"));
    let mut taker = Taker { tensors, prefix, taken: Tensors::new(), coverage: Coverage::default() };
    let block = |i: usize| match layout {
        Layout::MetaTransformer => format!("{i}."),
        Layout::Clip => format!("transformer.resblocks.{i}."),
        Layout::Timm | Layout::TransreidSsl => format!("blocks.{i}."),
    };
    let names = block_names(layout);
    let first = |name: &str| taker.peek(&format!("{}{name}", block(0))).map(|t| t.shape.clone());
    let width = first(names.norm1)
        .and_then(|shape| shape.first().copied())
        .ok_or("the first block has no normalisation")?;
    let mlp = first(names.fc1)
        .and_then(|shape| shape.first().copied())
        .ok_or("the first block has no MLP")?;
    let depth = (0..)
        .take_while(|i| taker.peek(&format!("{}{}", block(*i), names.norm1)).is_some())
        .count();
    let layer_scale = taker.peek(&format!("{}ls1.gamma", block(0))).is_some();
    let heads = hints.heads.unwrap_or((width / 64).max(1));
    if heads == 0 || !width.is_multiple_of(heads) {
        return Err(format!(
            "{heads} heads do not divide a width of {width}; say how many there are"
        ));
    }
    for i in 0..depth {
        block_tensors(
            &mut taker,
            &names,
            &block(i),
            &format!("encoder.blocks.{i}."),
            width,
            mlp,
            layer_scale,
        );
    }
    let pre_norm = match layout {
        Layout::Clip => taker.norm("ln_pre", "encoder.norm_pre", width),
        _ => taker.norm("norm_pre", "encoder.norm_pre", width),
    };
    let encoder = EncoderConfig {
        depth,
        width,
        heads,
        mlp,
        epsilon: if matches!(layout, Layout::Timm | Layout::TransreidSsl) && !pre_norm {
            TIMM_EPSILON
        } else {
            TORCH_EPSILON
        },
        activation: hints.activation.unwrap_or(if openai {
            Activation::QuickGelu
        } else {
            Activation::Gelu
        }),
        pre_norm,
        layer_scale,
    };
    let (grid, patch) = match layout {
        Layout::MetaTransformer => (None, None),
        Layout::Clip => clip_parts(&mut taker, width)?,
        Layout::Timm | Layout::TransreidSsl => timm_parts(&mut taker, layout, width)?,
    };
    let mut coverage = taker.coverage;
    let of_no_use = |name: &str| {
        let below = name.strip_prefix(&*taker.prefix);
        // Beside the visual tower of CLIP lies the textual one, of which the token table alone is of use.
        below.is_none()
            || below.is_some_and(|rest| OF_NO_USE.iter().any(|known| rest.starts_with(known)))
    };
    let (unused, unknown) = taker.tensors.into_keys().partition(|name| of_no_use(name));
    (coverage.unused, coverage.unknown) = (unused, unknown);
    Ok(Imported { layout, encoder, tensors: taker.taken, grid, patch, coverage })
}

/// The layout and what stands in front of its names.
fn detect(tensors: &Tensors, hint: Option<Layout>) -> Result<(Layout, String), String> {
    let prefix = |layout: Layout| {
        let ends = |name: &&String| {
            name.strip_suffix(layout.mark()).is_some_and(|p| p.is_empty() || p.ends_with('.'))
        };
        // A CLIP file also has a text tower with blocks of the same names.
        let mut found: Vec<&str> = tensors
            .keys()
            .filter(ends)
            .filter_map(|name| name.strip_suffix(layout.mark()))
            .collect();
        found.sort_by_key(|p| (!p.contains("visual"), p.len()));
        found.first().map(|p| (*p).to_owned())
    };
    // timm's blocks without a stem are blocks alone, whatever they are numbered below: Burn's own files are of this kind.
    let alone = |layout: Layout, prefix: &str| {
        layout == Layout::Timm && !tensors.contains_key(&format!("{prefix}patch_embed.proj.weight"))
    };
    let order = [Layout::TransreidSsl, Layout::Clip, Layout::Timm, Layout::MetaTransformer];
    let found = match hint {
        Some(layout) => prefix(layout).map(|p| (layout, p)),
        None => order
            .into_iter()
            .find_map(|layout| prefix(layout).filter(|p| !alone(layout, p)).map(|p| (layout, p))),
    };
    found.ok_or_else(|| {
        let known = Layout::ALL.map(|l| format!("{l} (…{})", l.mark())).join(", ");
        let some: Vec<&str> = tensors.keys().take(5).map(String::as_str).collect();
        format!(
            "its names are of no known layout: {known}; it has {} tensors, such as {}",
            tensors.len(),
            some.join(", ")
        )
    })
}

struct BlockNames {
    norm1: &'static str,
    fc1: &'static str,
    parts: [(&'static str, &'static str); 12],
}

fn block_names(layout: Layout) -> BlockNames {
    match layout {
        Layout::Clip => BlockNames {
            norm1: "ln_1.weight",
            fc1: "mlp.c_fc.weight",
            parts: [
                ("ln_1.weight", "norm1.weight"),
                ("ln_1.bias", "norm1.bias"),
                ("attn.in_proj_weight", "attn.qkv.weight"),
                ("attn.in_proj_bias", "attn.qkv.bias"),
                ("attn.out_proj.weight", "attn.proj.weight"),
                ("attn.out_proj.bias", "attn.proj.bias"),
                ("ln_2.weight", "norm2.weight"),
                ("ln_2.bias", "norm2.bias"),
                ("mlp.c_fc.weight", "mlp.fc1.weight"),
                ("mlp.c_fc.bias", "mlp.fc1.bias"),
                ("mlp.c_proj.weight", "mlp.fc2.weight"),
                ("mlp.c_proj.bias", "mlp.fc2.bias"),
            ],
        },
        _ => {
            const SAME: [&str; 12] = [
                "norm1.weight",
                "norm1.bias",
                "attn.qkv.weight",
                "attn.qkv.bias",
                "attn.proj.weight",
                "attn.proj.bias",
                "norm2.weight",
                "norm2.bias",
                "mlp.fc1.weight",
                "mlp.fc1.bias",
                "mlp.fc2.weight",
                "mlp.fc2.bias",
            ];
            BlockNames { norm1: "norm1.weight", fc1: "mlp.fc1.weight", parts: SAME.map(|n| (n, n)) }
        }
    }
}

fn block_tensors(
    taker: &mut Taker,
    names: &BlockNames,
    from: &str,
    to: &str,
    width: usize,
    mlp: usize,
    layer_scale: bool,
) {
    for (theirs, ours) in names.parts {
        let shape: &[usize] = match ours {
            "attn.qkv.weight" => &[3 * width, width],
            "attn.qkv.bias" => &[3 * width],
            "attn.proj.weight" => &[width, width],
            "mlp.fc1.weight" => &[mlp, width],
            "mlp.fc1.bias" => &[mlp],
            "mlp.fc2.weight" => &[width, mlp],
            _ => &[width],
        };
        taker.need(&format!("{from}{theirs}"), &format!("{to}{ours}"), shape);
    }
    if layer_scale {
        for scale in ["ls1", "ls2"] {
            taker.need(&format!("{from}{scale}.gamma"), &format!("{to}{scale}"), &[width]);
        }
    }
}

type Geometry = (Option<(usize, usize)>, Option<usize>);

/// Rows and columns of a grid that is as wide as high, or twice or three times as high (256 × 128 and 384 × 128 pixels).
fn grid_of(tokens: usize) -> Result<(usize, usize), String> {
    let grid = |times: usize| {
        let columns = (tokens / times).isqrt();
        (columns * columns * times == tokens).then_some((times * columns, columns))
    };
    (1..=3)
        .find_map(grid)
        .ok_or_else(|| format!("{tokens} positions make no grid of the shapes 1:1, 2:1 and 3:1"))
}

/// Adds the first `extra` positions to the tokens in front of the patches and stores those and the positions of the patches.
///
/// `[CLS]` comes first; what follows it (DeiT's distillation token) becomes a register.
fn positions(
    taker: &mut Taker,
    name: &str,
    position: RawTensor,
    front: Vec<(&str, RawTensor)>,
    width: usize,
) -> Result<Option<(usize, usize)>, String> {
    let rows = position.values.len() / width;
    let extra = front.len();
    if position.shape.last() != Some(&width) || rows <= extra {
        taker.coverage.misshaped.push(format!(
            "{}{name}: {:?}, expected [{extra} + tokens, {width}]",
            taker.prefix, position.shape
        ));
        return Ok(None);
    }
    let mut registers = Vec::new();
    for (i, (name, mut token)) in front.into_iter().enumerate() {
        if token.values.len() != width {
            taker
                .coverage
                .misshaped
                .push(format!("{}{name}: {:?}, expected [{width}]", taker.prefix, token.shape));
            return Ok(None);
        }
        token.values.iter_mut().zip(&position.values[i * width..]).for_each(|(a, b)| *a += b);
        if i == 0 {
            taker.put(
                name,
                "tokenizers.cls",
                RawTensor { shape: vec![1, width], values: token.values },
            );
        } else {
            taker
                .coverage
                .loaded
                .push((format!("{}{name}", taker.prefix), "tokenizers.registers".into()));
            registers.extend(token.values);
        }
    }
    add_registers(taker, registers, width);
    let patches = RawTensor {
        shape: vec![rows - extra, width],
        values: position.values[extra * width..].to_vec(),
    };
    taker.put(name, "tokenizers.rgb.positions", patches);
    grid_of(rows - extra).map(Some)
}

/// Appends tokens to those that follow `[CLS]`.
fn add_registers(taker: &mut Taker, values: Vec<f32>, width: usize) {
    if values.is_empty() {
        return;
    }
    let registers = taker
        .taken
        .entry("tokenizers.registers".into())
        .or_insert(RawTensor { shape: vec![0, width], values: Vec::new() });
    registers.values.extend(values);
    registers.shape[0] = registers.values.len() / width;
}

/// A convolution with one window per patch; CLIP's has no bias.
fn patches(taker: &mut Taker, name: &str, width: usize) -> Option<usize> {
    let shape = taker.peek(&format!("{name}.weight"))?.shape.clone();
    let patch = *shape.get(2)?;
    taker.need(&format!("{name}.weight"), "tokenizers.rgb.proj.weight", &[width, 3, patch, patch]);
    if !taker.moved(&format!("{name}.bias"), "tokenizers.rgb.proj_bias", &[width]) {
        // No bias is a bias of zero.
        taker.taken.insert(
            "tokenizers.rgb.proj_bias".into(),
            RawTensor { shape: vec![width], values: vec![0.0; width] },
        );
    }
    Some(patch)
}

/// The map from the normalised `[CLS]` to the embedding, given as `[from, to]` or, `turned`, as `[to, from]`.
fn projection(taker: &mut Taker, name: &str, width: usize, turned: bool) {
    match taker.take(name) {
        Some(tensor) if tensor.shape.len() == 2 && tensor.shape[usize::from(turned)] == width => {
            let tensor = if turned { tensor } else { transposed(&tensor) };
            taker.put(name, "projection.linear.weight", tensor);
        }
        Some(tensor) => taker.coverage.misshaped.push(format!(
            "{}{name}: {:?}, expected a map from {width}",
            taker.prefix, tensor.shape
        )),
        None => {
            let identity =
                (0..width * width).map(|i| f32::from(u8::from(i % (width + 1) == 0))).collect();
            taker.taken.insert(
                "projection.linear.weight".into(),
                RawTensor { shape: vec![width, width], values: identity },
            );
        }
    }
}

fn transposed(tensor: &RawTensor) -> RawTensor {
    let &[rows, columns] = tensor.shape.as_slice() else { return tensor.clone() };
    let values =
        (0..columns).flat_map(|c| (0..rows).map(move |r| tensor.values[r * columns + c])).collect();
    RawTensor { shape: vec![columns, rows], values }
}

fn clip_parts(taker: &mut Taker, width: usize) -> Result<Geometry, String> {
    let patch = patches(taker, "conv1", width);
    let mut grid = None;
    match (taker.take("positional_embedding"), taker.take("class_embedding")) {
        (Some(position), Some(cls)) => {
            grid = positions(
                taker,
                "positional_embedding",
                position,
                vec![("class_embedding", cls)],
                width,
            )?
        }
        _ => taker
            .coverage
            .missing
            .extend(["tokenizers.cls".to_owned(), "tokenizers.rgb.positions".into()]),
    }
    if !taker.norm("ln_post", "projection.norm", width) {
        taker
            .coverage
            .missing
            .extend(["projection.norm.weight".to_owned(), "projection.norm.bias".into()]);
    }
    projection(taker, "proj", width, false);
    // The token table belongs to the text tower, which lies beside the visual one.
    let beside = taker.prefix.strip_suffix("visual.").unwrap_or(&taker.prefix).to_owned();
    let table = ["token_embedding.weight", "text.token_embedding.weight"]
        .map(|name| format!("{beside}{name}"));
    if let Some((name, tensor)) =
        table.into_iter().find_map(|name| taker.tensors.remove(&name).map(|tensor| (name, tensor)))
    {
        taker.coverage.loaded.push((name, "tokenizers.text.embedding.weight".into()));
        taker.taken.insert("tokenizers.text.embedding.weight".into(), tensor);
    }
    Ok((grid, patch))
}

fn timm_parts(taker: &mut Taker, layout: Layout, width: usize) -> Result<Geometry, String> {
    let mut patch = None;
    if layout == Layout::TransreidSsl {
        stem(taker, width);
        patch = taker
            .taken
            .get("tokenizers.rgb.proj.weight")
            .and_then(|t| t.shape.get(2))
            .map(|side| 2 * side);
    } else if let Some(side) = patches(taker, "patch_embed.proj", width) {
        patch = Some(side);
    }
    let token = |taker: &mut Taker, name: &'static str| taker.take(name).map(|t| (name, t));
    let front: Vec<(&str, RawTensor)> =
        ["cls_token", "dist_token"].into_iter().filter_map(|name| token(taker, name)).collect();
    let mut grid = None;
    match taker.take("pos_embed") {
        Some(position) if !front.is_empty() => {
            grid = positions(taker, "pos_embed", position, front, width)?
        }
        _ => taker
            .coverage
            .missing
            .extend(["tokenizers.cls".to_owned(), "tokenizers.rgb.positions".into()]),
    }
    for name in ["register_tokens", "reg_token"] {
        if let Some(tensor) = taker.take(name) {
            taker
                .coverage
                .loaded
                .push((format!("{}{name}", taker.prefix), "tokenizers.registers".into()));
            add_registers(taker, tensor.values, width);
        }
    }
    if !taker.norm("norm", "projection.norm", width) {
        taker
            .coverage
            .missing
            .extend(["projection.norm.weight".to_owned(), "projection.norm.bias".into()]);
    }
    // timm keeps CLIP's projection as the classifier, without a bias; a classifier with one is of no use here.
    let is_projection = taker.peek("head.weight").is_some()
        && taker.peek("head.bias").is_none()
        && taker.taken.contains_key("encoder.norm_pre.weight");
    projection(taker, if is_projection { "head.weight" } else { "no projection" }, width, true);
    Ok((grid, patch))
}

/// TransReID-SSL's stem: three convolutions with IBN, IBN and batch normalisation, then one convolution per patch.
fn stem(taker: &mut Taker, width: usize) {
    let channels =
        taker.peek("patch_embed.conv.0.weight").and_then(|t| t.shape.first().copied()).unwrap_or(0);
    let half = channels / 2;
    for (layer, (conv, norm)) in [(0, 1), (3, 4), (6, 7)].into_iter().enumerate() {
        let (from, side) = if layer == 0 { (3, 7) } else { (channels, 3) };
        let to = format!("tokenizers.rgb.layers.{layer}.");
        taker.need(
            &format!("patch_embed.conv.{conv}.weight"),
            &format!("{to}conv.weight"),
            &[channels, from, side, side],
        );
        if layer == 2 {
            for part in ["weight", "bias", "running_mean", "running_var"] {
                taker.need(
                    &format!("patch_embed.conv.{norm}.{part}"),
                    &format!("{to}norm.{part}"),
                    &[channels],
                );
            }
        } else {
            // The affine maps of instance and batch normalisation are one vector here.
            for part in ["weight", "bias"] {
                let (a, b) = (
                    format!("patch_embed.conv.{norm}.IN.{part}"),
                    format!("patch_embed.conv.{norm}.BN.{part}"),
                );
                match (taker.take(&a), taker.take(&b)) {
                    (Some(x), Some(y)) if x.shape == [half] && y.shape == [channels - half] => {
                        taker
                            .coverage
                            .loaded
                            .push((format!("{}{a}", taker.prefix), format!("{to}norm.{part}")));
                        taker.put(
                            &b,
                            &format!("{to}norm.{part}"),
                            RawTensor {
                                shape: vec![channels],
                                values: [x.values, y.values].concat(),
                            },
                        );
                    }
                    _ => taker.coverage.missing.push(format!("{to}norm.{part}")),
                }
            }
            for part in ["running_mean", "running_var"] {
                taker.need(
                    &format!("patch_embed.conv.{norm}.BN.{part}"),
                    &format!("{to}norm.{part}"),
                    &[channels - half],
                );
            }
        }
        // Counters of batches are integers, which some files store as floats.
        for counter in [
            format!("patch_embed.conv.{norm}.num_batches_tracked"),
            format!("patch_embed.conv.{norm}.BN.num_batches_tracked"),
        ] {
            taker.take(&counter);
        }
    }
    let side =
        taker.peek("patch_embed.proj.weight").and_then(|t| t.shape.get(2).copied()).unwrap_or(8);
    taker.need(
        "patch_embed.proj.weight",
        "tokenizers.rgb.proj.weight",
        &[width, channels, side, side],
    );
    taker.need("patch_embed.proj.bias", "tokenizers.rgb.proj_bias", &[width]);
}

impl Coverage {
    /// Whether every tensor is loaded or known to be of no use.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unknown.is_empty() && self.misshaped.is_empty()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "loaded {}, fresh {}, unused {}, unknown {}, misshaped {}",
            self.loaded.len(),
            self.missing.len(),
            self.unused.len(),
            self.unknown.len(),
            self.misshaped.len()
        )?;
        for (title, names) in [
            ("fresh", &self.missing),
            ("unused", &self.unused),
            ("unknown", &self.unknown),
            ("misshaped", &self.misshaped),
        ] {
            names.iter().try_for_each(|name| writeln!(f, "  {title:<10} {name}"))?;
        }
        Ok(())
    }
}
