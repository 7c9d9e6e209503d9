//! The map of queries, keys and values of a block: one matrix or three, with all biases or some.

use super::key_map::KeyMap;
use aio_encoder::weights::RawTensor;

/// Moves weight and bias of the map below `from` to the names of a block below `to`.
///
/// `names` are those of one map or of three, up to their last part. With `no_bias_of_keys`, as in DINOv3, a bias that is absent is 0.
pub(super) fn qkv(
    keys: &mut KeyMap,
    from: &str,
    names: &[&str],
    to: &str,
    width: usize,
    no_bias_of_keys: bool,
) {
    let (weight, bias) = (format!("{to}attn.qkv.weight"), format!("{to}attn.qkv.bias"));
    let of = |name: &str, part: &str| format!("{from}{name}{part}");
    if let [one] = names {
        keys.require(&of(one, "weight"), &weight, &[3 * width, width]);
        if keys.shape(&of(one, "bias_mask")).is_some() {
            masked_bias(keys, &of(one, "bias"), &bias, width);
        } else if no_bias_of_keys && keys.shape(&of(one, "bias")).is_none() {
            // timm stores the biases of queries and values apart, if there are any.
            let parts = ["attn.q_bias", "attn.k_bias", "attn.v_bias"].map(|n| of(n, ""));
            biases(keys, &parts, &bias, width);
        } else {
            keys.require(&of(one, "bias"), &bias, &[3 * width]);
        }
        return;
    }
    let weights: Vec<String> = names.iter().map(|name| of(name, "weight")).collect();
    joined(keys, &weights, &weight, &[width, width]);
    let parts: Vec<String> = names.iter().map(|name| of(name, "bias")).collect();
    if no_bias_of_keys {
        biases(keys, &parts, &bias, width);
    } else {
        joined(keys, &parts, &bias, &[width]);
    }
}

/// Stacks three tensors of one shape, all of which must be there.
fn joined(keys: &mut KeyMap, from: &[String], to: &str, shape: &[usize]) {
    if from.iter().any(|name| keys.shape(name).is_none()) {
        return keys.note_lacking(to);
    }
    let mut values = Vec::new();
    for name in from {
        let Some(tensor) = keys.take(name) else { continue };
        if tensor.shape != shape {
            return keys.note_misshaped(name, &tensor, &format!("{shape:?}"));
        }
        keys.note_loaded(name, to);
        values.extend(tensor.values);
    }
    let shape = [&[from.len() * shape[0]], &shape[1..]].concat();
    keys.moved.insert(to.to_owned(), RawTensor { shape, values });
}

/// Stacks the biases of queries, keys and values; one that is absent is 0.
fn biases(keys: &mut KeyMap, from: &[String], to: &str, width: usize) {
    let mut values = Vec::with_capacity(from.len() * width);
    for name in from {
        match keys.take(name) {
            Some(tensor) if tensor.shape == [width] => {
                keys.note_loaded(name, to);
                values.extend(tensor.values);
            }
            Some(tensor) => return keys.note_misshaped(name, &tensor, &format!("[{width}]")),
            None => values.extend(vec![0.0; width]),
        }
    }
    keys.put_constant(to, &[from.len() * width], values);
}

/// A bias of which the part of the keys is masked, whatever it is: Meta's files of DINOv3.
fn masked_bias(keys: &mut KeyMap, from: &str, to: &str, width: usize) {
    keys.take(&format!("{from}_mask"));
    match keys.take(from) {
        Some(mut tensor) if tensor.shape == [3 * width] => {
            tensor.values[width..2 * width].fill(0.0);
            keys.put(from, to, tensor);
        }
        Some(tensor) => keys.note_misshaped(from, &tensor, &format!("[{}]", 3 * width)),
        None => keys.note_lacking(to),
    }
}
