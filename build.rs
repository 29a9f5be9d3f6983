//! Cargo does not notice new files in these folders by itself.
fn main() {
    for folder in ["migrations", "templates", "static"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
