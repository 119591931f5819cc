using Rag.Internal.V1;
using Rag.Metadata;
using Rag.Router.Embedding;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.V1;

namespace Rag.Router.Workspaces;

/// <summary>
/// Moves a space of a workspace to another model. Everything that is to be known of it stands in the settings, so any
/// router goes on with it, and changing them is what makes it happen. Thread-safe.
/// <code>
/// '' → old ──begin──► '' → old, and new hidden ──(shards embed)──► complete ──cut over──► '' → new
///                                    └──────────roll back──────────► '' → old
/// </code>
/// </summary>
internal sealed class ModelChangeHandler(
    IMetadataStore metadata, WorkspaceDirectory directory, WorkspaceLifecycle lifecycle, ModelCatalog models,
    ShardCaller shards)
{
    private const int DefaultSamples = 20;
    private const int MaxSamples = 100;

    // A set of vectors has a name that no other one ever had, so that what was made for one gets into no other. No name
    // of a caller's can be the same: it would have to hold a control character.
    private const string IndexPrefix = "\u0001";

    private static readonly ShardOperation<int, MeasureModelChangeResponse> Measure = new(
        "MeasureModelChange", OperationKind.Read,
        static (client, target, samples, options) => client.MeasureModelChangeAsync(
            new MeasureModelChangeRequest { Target = target, Samples = samples }, options));

    public async Task<ChangeModelResponse> BeginAsync(ChangeModelRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        var model = await models.FindAsync(request.Model, scope) ?? throw Refuse.Invalid(
            "model", $"There is no model '{MetadataRules.Shorten(request.Model)}': this server has {models.Names}.");
        var changed = await ChangeAsync(request.Workspace, request.IfVersion, scope, (record, settings) =>
        {
            if (settings.ModelChange is { Target: { } under })
            {
                throw Refuse.Precondition(
                    $"Space '{under.Name}' is on its way to model '{under.Model}': cut over or roll back first.");
            }

            var space = settings.Spaces.FirstOrDefault(space => space.Name == request.Space) ?? throw Refuse.Invalid(
                "space", $"The workspace has no vector space '{MetadataRules.Shorten(request.Space)}'.");
            if (space.Model.Length == 0)
                throw Refuse.Invalid("space", "Its vectors come from callers: there is no model to change.");
            if (space.Model == model.Name)
                throw Refuse.Invalid("model", $"The space has model '{model.Name}' already.");
            var target = space.Clone();
            target.Model = model.Name;
            target.Dimension = model.Dimension;
            target.Index = IndexPrefix + (record.Version + 1);
            if (target.Quantization == Quantization.Binary && target.Dimension < Limits.BinaryDimension)
            {
                throw Refuse.Invalid("model",
                    $"Its vectors have {target.Dimension} dimensions, too few for the binary codes of the space.");
            }

            settings.ModelChange = new ModelChange { Space = space.Name, Target = target };
        });
        return new ChangeModelResponse { Workspace = changed };
    }

    public async Task<GetModelChangeResponse> GetAsync(GetModelChangeRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        if (request.Samples is < -1 or > MaxSamples)
            throw Refuse.Invalid("samples", $"Ask for at most {MaxSamples}; 0 is {DefaultSamples}, -1 none.");
        var samples = request.Samples == 0 ? DefaultSamples : Math.Max(0, request.Samples);
        // Of what is recorded, not of what this router remembers.
        var workspace = await directory.LoadAsync(request.Workspace, scope.Token);
        if (workspace.Settings.ModelChange is not { } change)
            throw Refuse.NotFound($"No space of workspace '{request.Workspace}' is on its way to another model.");
        var response = await MeasureAsync(workspace, samples, scope);
        response.Change = change;
        return response;
    }

    public async Task<FinishModelChangeResponse> FinishAsync(FinishModelChangeRequest request, CallScope scope)
    {
        TextRules.RequireWorkspace(request.Workspace);
        var cutsOver = request.Action switch
        {
            ModelChangeAction.CutOver => true,
            ModelChangeAction.RollBack => false,
            _ => throw Refuse.Invalid("action", "Say MODEL_CHANGE_ACTION_CUT_OVER or MODEL_CHANGE_ACTION_ROLL_BACK."),
        };
        var limit = 0;
        if (cutsOver)
        {
            var workspace = await directory.LoadAsync(request.Workspace, scope.Token);
            if (workspace.Settings.ModelChange is { Target: { } target })
            {
                limit = (await models.FindAsync(target.Model, scope))?.MaxTokens ?? 0;
                var measured = await MeasureAsync(workspace, samples: 0, scope);
                if (!measured.Complete && !request.Force)
                {
                    throw Refuse.Precondition(
                        $"{measured.Chunks - measured.MovedChunks} chunks have no vector of model '{target.Model}' yet "
                        + "and would not be found: wait, or force it.");
                }
            }
        }

        var changed = await ChangeAsync(request.Workspace, request.IfVersion, scope, (_, settings) =>
        {
            if (settings.ModelChange is not { Target: { } target } change)
                throw Refuse.Precondition("No space of the workspace is on its way to another model.");
            settings.ModelChange = null;
            if (!cutsOver)
                return;
            for (var i = 0; i < settings.Spaces.Count; i++)
            {
                if (settings.Spaces[i].Name == change.Space)
                    settings.Spaces[i] = target;
            }

            if (change.Space.Length == 0 && limit > 0)
                FitChunking(settings.Chunking, limit);
        });
        return new FinishModelChangeResponse { Workspace = changed };
    }

    // The new model may read less than the former one.
    private static void FitChunking(ChunkingSettings chunking, int limit)
    {
        chunking.MaxTokens = Math.Min(chunking.MaxTokens, limit);
        chunking.TargetTokens = Math.Min(chunking.TargetTokens, chunking.MaxTokens);
        chunking.OverlapTokens = Math.Min(chunking.OverlapTokens, chunking.TargetTokens / 2);
    }

    private async Task<GetModelChangeResponse> MeasureAsync(KnownWorkspace workspace, int samples, CallScope scope)
    {
        var response = new GetModelChangeResponse { Complete = true };
        var overlap = 0.0;
        foreach (var (_, part) in await shards.CallAllAsync(workspace, samples, Measure, scope))
        {
            response.Chunks += part.Chunks;
            response.MovedChunks += part.MovedChunks;
            response.Complete &= part.Complete;
            response.Samples += part.Samples;
            overlap += part.Overlap * part.Samples;
        }

        response.Overlap = response.Samples == 0 ? 0 : overlap / response.Samples;
        return response;
    }

    private async Task<Workspace> ChangeAsync(
        string name, long ifVersion, CallScope scope, Action<WorkspaceRecord, Workspace> change)
    {
        const int attempts = 5;
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            var record = await metadata.Workspaces.FindByNameAsync(name, scope.Token) ?? throw Refuse.NoWorkspace(name);
            if (record.State != Metadata.WorkspaceState.Active)
                throw Refuse.Precondition($"Workspace '{name}' is being made or deleted: try again later.");
            if (ifVersion != 0 && ifVersion != record.Version)
                throw Refuse.Aborted($"Workspace '{name}' has version {record.Version}, not {ifVersion}: read it again.");
            var settings = WorkspaceCodec.Decode(record);
            change(record, settings);
            WorkspaceRules.CheckSize(settings);
            var updated = await metadata.Workspaces.TryUpdateAsync(
                record.Uid, record.Version, WorkspaceCodec.Encode(settings), scope.Token);
            if (updated is null)
                continue;
            updated = await lifecycle.FinishAsync(updated, scope) ?? throw Refuse.NoWorkspace(name);
            return WorkspaceCodec.Decode(updated);
        }

        throw Refuse.Aborted($"Workspace '{name}' is being changed by others: try again.");
    }
}
