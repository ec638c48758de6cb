import Compute
import Foundation
import Testing

@testable import OpenCLBackend

@Suite(.needsOpenCL)
struct ProgramTests {
    private static let source = ProgramSource(
        name: "Test/fill", precision: .float32,
        parts: [
            .generated(
                name: "fill.cl",
                text: """
                    __kernel void fill(__global scalar *x, scalar value, ulong count) {
                        size_t i = get_global_id(0);
                        if (i < count) x[i] = value * FACTOR;
                    }
                    """)
        ], options: ["-D FACTOR=2"])

    private static func fill(_ backend: OpenCLBackend, _ count: Int, _ value: Double) throws -> [Float] {
        let kernel = try backend.kernel("fill", of: source)
        let buffer = try backend.allocate(count, .float32)
        try backend.launch(kernel, [.buffer(buffer), .real(value), .size(count)], global: [count], local: [16])
        return try backend.receive(buffer)
    }

    @Test func generatedText() throws {
        #expect(try Self.fill(Machine.backend(), 33, 1.5) == [Float](repeating: 3, count: 33))
    }

    @Test func wrongArgumentCount() throws {
        let backend = try Machine.backend()
        let kernel = try backend.kernel("fill", of: Self.source)
        let error = #expect(throws: ComputeError.self) {
            try backend.launch(kernel, [.real(1)], global: [1], local: [1])
        }
        #expect(
            error?.description
                == "running Test/fill on '\(backend.device.name)': it takes 3 arguments and was given 1")
    }

    @Test func missingEntryPoint() throws {
        let backend = try Machine.backend()
        let error = #expect(throws: ComputeError.self) { try backend.kernel("absent", of: Self.source) }
        #expect(
            error?.description
                == "clCreateKernel: CL_INVALID_KERNEL_NAME looking for absent in Test/fill on '\(backend.device.name)'")
        #expect(error?.kind == .buildFailed)
    }

    @Test func logNamesTheFile() throws {
        let backend = try Machine.backend()
        let source = ProgramSource(
            name: "Test/broken", precision: .float32,
            parts: [
                .file("Attack/sign_step.cl"), .generated(name: "broken.cl", text: "\n\n__kernel void f() { oops; }"),
            ])
        let error = #expect(throws: ComputeError.self) { try backend.kernel("f", of: source) }
        #expect(error?.kind == .buildFailed)
        let sentence = error?.description ?? ""
        #expect(
            sentence.hasPrefix(
                "clBuildProgram: CL_BUILD_PROGRAM_FAILURE building Test/broken on '\(backend.device.name)': "))
        #expect(sentence.contains("broken.cl:3:"))
        #expect(sentence.contains("oops"))
        #expect(sentence.hasSuffix("; update the device's driver or set compute.backend to cpu"))
    }

    @Test func everyFileIsEmbedded() {
        #expect(KernelText.paths.first == "prelude.cl")
        for path in KernelText.paths { #expect(!KernelText.text(of: path).isEmpty) }
    }

    @Test func cache() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ntk-cache-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let cache = ProgramCache(folder: folder)
        let expected = [Float](repeating: 3, count: 5)
        func fill() throws -> [Float] { try Self.fill(Machine.backend(cache: cache), 5, 1.5) }
        func entry() throws -> URL {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(names.count == 1)
            return folder.appending(path: try #require(names.first))
        }
        #expect(try fill() == expected)
        let first = try Data(contentsOf: entry())
        #expect(try fill() == expected)
        // Damaged, truncated, empty: rebuilt without a word.
        var damaged = first
        damaged[damaged.count / 2] ^= 0x55
        for content in [damaged, first.prefix(first.count / 2), Data(), Data("nonsense".utf8)] {
            try content.write(to: entry())
            #expect(try fill() == expected)
            #expect(try Data(contentsOf: entry()).count >= first.count / 2)
            #expect(try Data(contentsOf: entry()) != content)
        }
    }

    @Test func storedProgramThatTheDriverRefuses() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ntk-cache-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let cache = ProgramCache(folder: folder)
        let backend = try Machine.backend(cache: cache)
        cache.store(Array("no program at all".utf8), Program.key(Self.source, backend.context))
        #expect(try Self.fill(backend, 2, 1) == [2, 2])
        #expect(cache.load(Program.key(Self.source, backend.context)) != Array("no program at all".utf8))
    }

    @Test func unwritableFolder() throws {
        // A folder below a file can be created by nobody, whatever the user's rights.
        let file = FileManager.default.temporaryDirectory.appending(path: "ntk-file-\(UUID().uuidString)")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let cache = ProgramCache(folder: file.appending(path: "ntk"))
        #expect(try Self.fill(Machine.backend(cache: cache), 2, 1) == [2, 2])
    }

    @Test func cacheFolder() {
        #expect(ProgramCache(environment: ["XDG_CACHE_HOME": "/x", "HOME": "/h"])?.folder.path == "/x/ntk")
        #expect(ProgramCache(environment: ["XDG_CACHE_HOME": "x", "HOME": "/h"])?.folder.path == "/h/.cache/ntk")
        #expect(ProgramCache(environment: [:]) == nil)
    }
}
