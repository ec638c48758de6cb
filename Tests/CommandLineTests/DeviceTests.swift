import Foundation
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
                "index", "backend", "device", "kind", "driver", "units", "memory", "fp64", "tile",
            ])
        #expect(rows[1].hasPrefix("0      cpu "))
        #expect(rows[2] == "OpenCL has no platform here; the cpu backend serves.")
        let here = try run.program("devices")
        #expect(here.code == 0 && here.output.contains("  cpu  "))
    }
}
