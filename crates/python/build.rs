//! Tells the linker of macOS that Python is there when the module is loaded and not before. Other
//! systems need not be told.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
