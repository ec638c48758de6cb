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
        // What a device, a buffer and an operation are. Does no work.
        .target(name: "Compute"),
        // npy arrays, atomic files, JSON lines, checksums and fingerprints.
        .target(name: "Storage", dependencies: ["Compute", "CZlib", "COpenSSL"]),
        // Readers of data sets, where to find them and how to fetch them.
        .target(name: "Datasets", dependencies: ["Compute", "Storage"]),
        // Temporary folders and failing system calls, for the tests of whatever writes files.
        .target(name: "StorageTestSupport", dependencies: ["Storage", "CZlib"], path: "Tests/StorageTestSupport"),
        .testTarget(name: "StorageTests", dependencies: ["Storage", "Compute", "StorageTestSupport"]),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "Storage", "Compute", "StorageTestSupport"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c2x
)
