using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Rag.Metadata;
using Rag.V1;

namespace Rag.Router.Workspaces;

/// <summary>
/// Workspaces between the metadata store and the protos. The stored settings are the message without what the record's
/// own columns say (name, uid, state, version, times).
/// </summary>
internal static class WorkspaceCodec
{
    public static byte[] Encode(Workspace settings)
    {
        var stored = settings.Clone();
        stored.Name = "";
        stored.Uid = "";
        stored.State = V1.WorkspaceState.Unspecified;
        stored.Version = 0;
        stored.CreateTime = null;
        stored.UpdateTime = null;
        return stored.ToByteArray();
    }

    public static Workspace Decode(WorkspaceRecord record)
    {
        var workspace = Workspace.Parser.ParseFrom(record.Settings.Span);
        workspace.Name = record.Name;
        workspace.Uid = record.Uid.ToString("D");
        workspace.State = record.State switch
        {
            Metadata.WorkspaceState.Creating => V1.WorkspaceState.Creating,
            Metadata.WorkspaceState.Active => V1.WorkspaceState.Active,
            _ => V1.WorkspaceState.Deleting,
        };
        workspace.Version = record.Version;
        workspace.CreateTime = Timestamp.FromDateTimeOffset(record.CreateTime);
        workspace.UpdateTime = Timestamp.FromDateTimeOffset(record.UpdateTime);
        return workspace;
    }
}
