import Compute
import Scheduling
import TangentKernels
import TestSupport
import Testing

@testable import OpenCLBackend

/// One Gram matrix on two parts of a device at once.
@Suite(.needsOpenCL)
struct SeveralDevicesTests {
    private static let inputs = Images.bright(700, 12, seed: 1)

    /// Two parts of one compute unit each; the device itself twice where it cannot be split.
    private static func devices() throws -> [OpenCLDevice] {
        let whole = try Machine.device()
        let isSplit = whole.maximumParts > 1 && whole.device.computeUnits > 1
        return isSplit ? try whole.parts(units: [1, 1]) : [whole, whole]
    }

    private static func gram(
        _ backends: [any Backend], observer: @escaping GramAssembly.Observer = { _, _ in }
    ) async throws -> (numbers: [Double], progress: SchedulingProgress) {
        let program = try Architecture.fc(depth: 2).program(channels: 12)
        let assembly = GramAssembly(program: program, precision: .float32, backends: backends, tile: 200)
        let result = try await assembly.symmetric(inputs, [.ntk], observer: observer)
        return (try #require(result.matrices[.ntk]).tensor().elements, result.progress)
    }

    @Test(arguments: CovarianceForm.allCases)
    func partsGiveTheBitsOfTheWhole(form: CovarianceForm) async throws {
        let whole = try await Self.gram([OpenCLBackend(Machine.device(), form: form, cache: nil)])
        let parts = try await Self.gram(Self.devices().map { try OpenCLBackend($0, form: form, cache: nil) })
        #expect(parts.numbers == whole.numbers)
        #expect(parts.progress.pairsDone == 700 * 701 / 2 && parts.progress.done == parts.progress.total)
    }

    /// A device that fails, at once or later, is dropped, and the other one computes what it had in hand.
    @Test(arguments: [1, 20, 40]) func aDeviceThatFailsIsDropped(call: Int) async throws {
        let devices = try Self.devices()
        let monitor = CallMonitor(device: "failing")
        let failing = try OpenCLBackend(devices[0], cache: nil, monitor: monitor)
        let other = try OpenCLBackend(devices[1], cache: nil)
        let expected = try await Self.gram([other]).numbers
        // Once more, so that nothing has to be built and calls are those of tiles.
        #expect(try await Self.gram([failing]).numbers == expected)
        monitor.failCall(call, with: .outOfResources)
        let (numbers, progress) = try await Self.gram([failing, other])
        #expect(numbers == expected)
        #expect(progress.workers[0].isRetired == (monitor.stopFailing() != nil))
        if call == 1 { #expect(progress.workers[0].isRetired) }
        #expect(!progress.workers[1].isRetired && progress.done == progress.total)
    }
}
