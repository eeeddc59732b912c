"""The rights that this room's views ask for; the project's check denies the rest."""

READ_SKILLS = "taxonomy.view_skill"
PUBLISH_SKILLS = "taxonomy.publish_skill"
READ_CATEGORIES = "taxonomy.view_category"
ADD_CATEGORIES = "taxonomy.add_category"
CHANGE_CATEGORIES = "taxonomy.change_category"
DELETE_CATEGORIES = "taxonomy.delete_category"
READ_ANALYTICS = "taxonomy.view_analytics"
