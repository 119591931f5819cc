namespace Rag.Router.Tests.Fakes;

/// <summary>One router with one workspace, "docs", for tests that leave nothing behind that others would mind.</summary>
public sealed class SharedRouter : IAsyncLifetime
{
    internal RouterFixture Fixture { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Fixture = await RouterFixture.StartAsync();
        await Fixture.CreateAsync();
    }

    public ValueTask DisposeAsync() => Fixture.DisposeAsync();
}
