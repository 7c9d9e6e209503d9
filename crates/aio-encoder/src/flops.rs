//! Floating-point operations of the encoder, from its sizes.

use crate::EncoderConfig;

/// Operations of a product of `rows × inner` and `inner × columns`: a multiplication and an addition for each of its terms.
fn product(rows: usize, inner: usize, columns: usize) -> f64 {
    2.0 * rows as f64 * inner as f64 * columns as f64
}

impl EncoderConfig {
    /// Operations of the linear maps of a block for a sequence of `tokens`: queries, keys and values, the output of the attention, and the MLP.
    fn linear_flops(&self, tokens: usize) -> f64 {
        let Self { embed_dim, mlp, .. } = *self;
        product(tokens, embed_dim, 4 * embed_dim) + product(tokens, embed_dim, 2 * mlp)
    }

    /// Operations of `QKᵀ` and of the product with the values, over all heads of a block.
    fn attention_flops(&self, tokens: usize) -> f64 {
        2.0 * product(tokens, self.embed_dim, tokens)
    }

    /// Floating-point operations of [`Encoder::forward`](crate::Encoder::forward) for one sequence of `tokens`, padding included.
    ///
    /// ```text
    /// depth · ( 2·n·(4·d² + 2·d·m) + 4·n²·d )      n tokens of width d, MLP of width m
    /// ```
    ///
    /// Only matrix products count. Normalisation, softmax, activation and sums are linear in the numbers that they change: a few per cent.
    #[must_use]
    pub fn forward_flops(&self, tokens: usize) -> f64 {
        self.depth as f64 * (self.linear_flops(tokens) + self.attention_flops(tokens))
    }

    /// Floating-point operations of the backward pass of one sequence of `tokens`.
    ///
    /// Every linear map has one product for the gradient of its input, and one more for that of its weights if these are `learned`, or if they are
    /// those of the attention and have low-rank adapters. Each product of the attention has two, because both of its operands depend on the input.
    #[must_use]
    pub fn backward_flops(&self, tokens: usize, learned: bool) -> f64 {
        let of_weights = match (learned, self.rank()) {
            (true, _) => self.linear_flops(tokens),
            (false, Some(_)) => product(tokens, self.embed_dim, 4 * self.embed_dim),
            (false, None) => 0.0,
        };
        self.depth as f64
            * (self.linear_flops(tokens) + of_weights + 2.0 * self.attention_flops(tokens))
    }

    /// Floating-point operations of adding the low-rank adapters of so many `experts` to the weights, once per pass; the backward pass takes twice
    /// as many.
    #[must_use]
    pub fn adapter_flops(&self, experts: usize) -> f64 {
        let width = self.embed_dim;
        let of_expert = self.rank().map_or(0.0, |rank| product(width, rank, 4 * width));
        (self.depth * experts) as f64 * of_expert
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AdapterKind, AdaptersConfig};

    #[test]
    fn a_block_of_vit_b_16_has_the_operations_that_are_counted_by_hand() {
        let block = EncoderConfig { depth: 1, ..EncoderConfig::vit_b_16() };
        // 129 tokens of 768 numbers. Queries, keys and values: 129·768·2304 = 228,261,888 multiplications; output of the attention:
        // 129·768·768 = 76,087,296; MLP: 2·129·768·3072 = 608,698,368; QKᵀ and the values: 2·129·129·768 = 25,560,576.
        let linear = 228_261_888.0 + 76_087_296.0 + 608_698_368.0;
        let attention = 25_560_576.0;
        assert_eq!(block.forward_flops(129), 2.0 * (linear + attention));
        assert_eq!(block.forward_flops(129), 1_877_216_256.0);
        assert_eq!(block.backward_flops(129, false), 2.0 * (linear + 2.0 * attention));
        assert_eq!(block.backward_flops(129, true), 2.0 * (2.0 * linear + 2.0 * attention));
        // The same block with low-rank adapters: the gradients of the attention's weights, and products of 768·2 and 2·3072.
        let kind = AdapterKind::Lora { rank: 2, alpha: 2.0 };
        let adapters = Some(AdaptersConfig { experts: 4, kind });
        let adapted = EncoderConfig { adapters, ..block.clone() };
        assert_eq!(adapted.forward_flops(129), block.forward_flops(129));
        let of_weights = 2.0 * (228_261_888.0 + 76_087_296.0);
        let more = adapted.backward_flops(129, false) - block.backward_flops(129, false);
        assert_eq!(more, of_weights);
        assert_eq!(adapted.adapter_flops(3), 3.0 * 2.0 * 768.0 * 2.0 * 3072.0);
        assert_eq!(block.adapter_flops(3), 0.0);
        // Twelve blocks: ViT-B/16 is known as a model of about 17.5 billion multiplications at 197 tokens, its stem included.
        let whole = EncoderConfig::vit_b_16().forward_flops(197) / 2.0;
        assert!((whole - 17.3e9).abs() < 0.2e9, "{whole}");
    }
}
