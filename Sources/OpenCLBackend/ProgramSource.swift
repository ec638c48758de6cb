import Compute

/// What a program is built from: parts in order, behind the prelude, and options.
struct ProgramSource: Sendable, Hashable {
    enum Part: Sendable, Hashable {
        /// A file below `Kernels/`, e.g. `Covariance/relu.cl`.
        case file(String)
        /// Text made at run time; the name stands for a file's name in build logs.
        case generated(name: String, text: String)
    }

    /// For messages and profiles, e.g. `Attack/sign_step`.
    let name: String
    let precision: Precision
    let parts: [Part]
    /// Further options, one each, e.g. `-D REAL_WIDTH=16`.
    let options: [String]

    init(name: String, precision: Precision, parts: [Part], options: [String] = []) {
        self.name = name
        self.precision = precision
        self.parts = parts
        self.options = options
    }

    /// A single file that is called as itself without `.cl`.
    init(file name: String, precision: Precision, options: [String] = []) {
        self.init(name: name, precision: precision, parts: [.file(name + ".cl")], options: options)
    }

    /// Exact rounding is part of the contract of some kernels: no fast-math here.
    var buildOptions: String {
        (["-cl-std=CL1.2", "-D REAL_BITS=\(precision.byteCount * 8)"] + options).joined(separator: " ")
    }

    /// One text, in which every part keeps its own name and line numbers.
    var text: String {
        ([.file("prelude.cl")] + parts).map { part in
            switch part {
            case .file(let path): "#line 1 \"\(path)\"\n\(KernelText.text(of: path))\n"
            case .generated(let name, let text): "#line 1 \"\(name)\"\n\(text)\n"
            }
        }.joined()
    }
}
