//! The program as a user meets it: every command, and every kind of bad input.

mod adapters;
mod check_real;
mod data;
mod disks;
mod embed;
mod embed_files;
mod encode;
mod experiment;
mod fusion;
mod gallery;
mod gallery_inputs;
mod harness;
mod help;
mod interruption;
mod json;
mod messages;
mod pretrain;
mod refine;
mod same_data;
mod score;
mod search;
mod serve;
mod sweep;
mod text_tower;
mod tokenize;
mod weights;
