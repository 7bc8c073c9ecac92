//! The screens are embedded when this crate is compiled, so it is compiled again when they were built again.

fn main() {
    println!("cargo:rerun-if-changed=../web/dist");
    println!("cargo:rerun-if-changed=build.rs");
    // Without the built screens the gateway serves everything else; the folder must be there to be watched.
    drop(std::fs::create_dir_all("../web/dist"));
}
