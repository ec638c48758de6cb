import Foundation
import Storage
import StorageTestSupport
import Testing

/// A machine on which OpenCL has no platform.
@Suite struct DeviceTests {
    private static func withoutOpenCL(_ run: SmallRun) throws -> Program {
        try FileManager.default.createDirectory(atPath: run.folder("vendors"), withIntermediateDirectories: true)
        var program = run.program
        program.environment["OCL_ICD_VENDORS"] = run.folder("vendors") + "/"
        return program
    }

    @Test func askedFor() throws {
        let run = try SmallRun()
        let result = try Self.withoutOpenCL(run)("run", "small.yaml", "compute.backend=opencl")
        #expect(result.code == 69)
        #expect(result.output == "")
        #expect(
            result.error
                == "ntk: looking for an OpenCL device on 'this machine': no platform is installed; "
                + "install a driver or set compute.backend: cpu\n")
    }

    @Test func notAskedFor() throws {
        let run = try SmallRun()
        let result = try Self.withoutOpenCL(run)("run", "small.yaml", "compute.backend=auto", "output=run")
        #expect(result.code == 0)
        #expect(result.complaints.first == "ntk: OpenCL has no platform here; the cpu backend computes")
        let devices = try #require(try run.json("manifest.json")["devices"] as? [[String: Any]])
        #expect(devices.map { $0["backend"] as? String } == ["cpu"])
    }

    @Test func list() throws {
        let run = try SmallRun()
        let without = try Self.withoutOpenCL(run)("devices")
        #expect(without.code == 0 && without.error == "")
        let rows = without.output.split(separator: "\n")
        #expect(
            rows[0].split(separator: " ") == [
                "index", "backend", "device", "kind", "driver", "units", "parts", "memory", "fp64", "tile",
            ])
        #expect(rows[1].hasPrefix("0      cpu "))
        #expect(rows[2] == "OpenCL has no platform here; the cpu backend serves.")
        let here = try run.program("devices")
        #expect(here.code == 0 && here.output.contains("  cpu  "))
    }

    /// Two devices of one driver, and parts of one: the same numbers as from one device.
    @Test func severalDevices() throws {
        let run = try SmallRun(
            train: 150, compute: "{backend: opencl, tile: 40}", sections: "save: [kernels]")
        let alone = try run.program("devices").output
        guard alone.contains("  opencl  pthread") else { return }
        #expect(try run().code == 0)
        let numbers = try run.numbers("ntk_train_train")
        var two = run.program
        two.environment["POCL_DEVICES"] = "pthread pthread"
        #expect(try two("devices").output.split(separator: "\n").filter { $0.contains("  opencl  ") }.count == 2)
        for (folder, devices) in [
            ("both", "[0, 1]"), ("parts", "[{split: 0, units: [1, 1]}, 1]"), ("part", "[{split: 1, units: [1]}]"),
        ] {
            let result = try two(
                "run", "small.yaml", "output=\(folder)", "compute.devices=\(devices)")
            #expect(result.code == 0, "\(result.error)")
            guard case .floating(let tensor, _) = try NPY.read(run.folder("\(folder)/arrays/ntk_train_train.npy"))
            else { continue }
            #expect(tensor.elements == numbers, "\(devices)")
        }
        let wrong = try two("run", "small.yaml", "output=wrong", "compute.devices=[{split: 0, units: [1, 1000]}]")
        #expect(wrong.code == 69 && wrong.error.contains("splitting it into parts of 1 + 1000 compute units"))
    }
}
