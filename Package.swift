// swift-tools-version: 6.1
import PackageDescription

/// Targets stand in layer order: each imports only targets above it.
let package = Package(
    name: "ntk",
    products: [
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // System libraries: a module map and a shim each, nothing else.
        .systemLibrary(name: "COpenCL", pkgConfig: "OpenCL", providers: [.apt(["ocl-icd-opencl-dev", "opencl-headers"])]),
        .systemLibrary(name: "CCLBlast", pkgConfig: "clblast", providers: [.apt(["libclblast-dev"])]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev", "liblapacke-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        // The OpenCL text of every kernel, embedded.
        .target(name: "Kernels", path: "Kernels", sources: ["kernels.c"]),
        // What a device, a buffer and an operation are. Does no work.
        .target(name: "Compute"),
        // Owns every OpenCL object; the only importer of COpenCL and CCLBlast.
        .target(name: "OpenCLBackend", dependencies: ["COpenCL", "CCLBlast", "Kernels", "Compute"]),

        .testTarget(name: "OpenCLBackendTests", dependencies: ["OpenCLBackend"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c2x
)
