use super::copies::Copies;
use super::layers::Layer;
use super::{ImageTokenizer, StemConfig};
use rand::Rng;

impl ImageTokenizer {
    /// The stem of `wide` that computes what this one, the stem of `narrow`, computes.
    ///
    /// Every new channel is a copy of an old one. What reads a channel that is copied reads its copies, with weights that add up to the old ones
    /// (Net2WiderNet: Chen, Goodfellow and Shlens, "Net2Net: Accelerating Learning via Knowledge Transfer", ICLR 2016). Copies of the same channel
    /// differ in their random shares alone, and AdamW, which divides every gradient by its size, hardly parts them; so their weights get uniform noise, whose deviation is `noise` times the root mean square of the channel's weights; with 0 the
    /// function is the same but for rounding.
    ///
    /// # Panics
    /// If the two differ in more than their channels, or `wide` has fewer; callers compare them.
    #[must_use]
    pub fn widened(
        &self,
        narrow: &StemConfig,
        wide: &StemConfig,
        noise: f32,
        rng: &mut impl Rng,
    ) -> Self {
        assert_eq!(*wide, StemConfig { channels: wide.channels, ..*narrow }, "channels alone");
        assert!(wide.channels >= narrow.channels, "a stem is widened");
        let mut read = Copies::none(3);
        let mut layers = Vec::with_capacity(self.layers.len());
        for (layer, (old, new)) in self.layers.iter().zip(narrow.plan().iter().zip(wide.plan())) {
            // Channels of instance normalisation come first and stay so.
            let instance = match old.instance {
                0 => Copies::none(0),
                channels => Copies::draw(0..channels, new.instance, rng),
            };
            let batch = Copies::draw(old.instance..old.channels, new.channels - new.instance, rng);
            let written = instance.followed_by(batch);
            layers.push(Layer {
                conv: layer.conv.copied(&read, &written, noise, rng),
                norm: layer.norm.copied(&written, new.instance),
            });
            read = written;
        }
        let [_, width] = self.positions.dims();
        let proj = self.proj.copied(&read, &Copies::none(width), noise, rng);
        Self { layers, proj, ..self.separate() }
    }
}
