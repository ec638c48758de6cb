import ArgumentParser
import CPUBackend
import Compute
import Machine

struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "List every backend and device.",
        discussion: """
            The index is what compute.devices takes. Where it says so, a device can be split into that many parts, \
            which compute at the same time: compute.devices=[{split: 0, units: [1, 1]}] makes two of one compute unit \
            each.

            Example: ntk devices
            """)

    func run() async throws {
        try await Failure.report {
            let backends = try Backends()
            let devices =
                backends.opencl.map { ($0.device, parts: $0.maximumParts) }
                + [(CPUBackend(index: backends.cpuIndex).device, parts: 1)]
            let rows = devices.map { device, parts in
                [
                    "\(device.index)", device.backend, device.name, device.kind.rawValue, device.driver,
                    "\(device.computeUnits)", "\(parts)", device.memory.byteSize,
                    device.supportsFloat64 ? "yes" : "no",
                    "\(device.tile)",
                ]
            }
            let header = ["index", "backend", "device", "kind", "driver", "units", "parts", "memory", "fp64", "tile"]
            print(TextTable.render([header] + rows))
            if backends.opencl.isEmpty { print("\nOpenCL has no platform here; the cpu backend serves.") }
        }
    }
}

extension Device {
    /// One line for notes.
    var summary: String { "\(backend) \(index): \(name), \(computeUnits) compute units, \(driver)" }
}

/// Columns of left-aligned text.
enum TextTable {
    static func render(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { $1 + String(repeating: " ", count: widths[$0] - $1.count) }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}
